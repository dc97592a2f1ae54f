//! `/roles`

use axum::{Router, routing::get};
use doorward_core::role;
use doorward_http::{App, DoorwardLayer, LoginRequired, PermissionName, RequirePermission};
use http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;
use tower::ServiceExt as _;

use crate::app::{As, TestApp, on_both_engines, request};

struct WriteInvoices;

impl PermissionName for WriteInvoices {
    const NAME: &'static str = "invoices:write";
}

/// An application's own routes, guarded by a permission in both ways.
fn application(app: &TestApp) -> Router {
    let doors = App::new(app.doorward.clone());
    Router::new()
        .route("/extracted", get(async |_: RequirePermission<WriteInvoices>| "hello"))
        .layer(DoorwardLayer::new(doors.clone()))
        .route("/layered", get(async || "hello").layer(LoginRequired::new(doors).with_permission("invoices:write")))
}

async fn statuses(router: &Router, token: &str) -> [StatusCode; 2] {
    let mut statuses = [StatusCode::OK; 2];
    for (status, path) in statuses.iter_mut().zip(["/extracted", "/layered"]) {
        let request = request(http::Method::GET, path, As::Token(token)).body(axum::body::Body::empty()).unwrap();
        *status = router.clone().oneshot(request).await.unwrap().status();
    }
    statuses
}

#[test]
fn roles_are_made_listed_changed_and_deleted() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let new = json!({"name": "editor", "description": "Edits", "permissions": ["articles:write", "a", "a"]});
        let answer = app.call("POST", "/roles", As::Token(&token), Some(new.clone())).await;
        assert_snapshot!(answer.shown(), @r#"201 {"code":201,"message":null,"data":{"name":"editor","description":"Edits","permissions":["a","articles:write"]}}"#);
        assert_eq!(app.call("POST", "/roles", As::Token(&token), Some(new)).await.error(), "409 role_taken");
        let name = "editor";
        let path = format!("/roles/{name}");
        let change = json!({"description": null, "permissions": ["articles:read", "articles:write"]});
        let answer = app.call("PATCH", &path, As::Token(&token), Some(change)).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"name":"editor","description":null,"permissions":["articles:read","articles:write"]}}"#);
        assert_snapshot!(app.get("/roles", As::Token(&token)).await.shown(), @r#"200 {"code":200,"message":null,"data":{"roles":[{"name":"admin","description":"Administers users, roles and sessions","permissions":[]},{"name":"editor","description":null,"permissions":["articles:read","articles:write"]}]}}"#);
        let deleted = app.call("DELETE", &path, As::Token(&token), None).await;
        assert_snapshot!(deleted.shown(), @r#"200 {"code":200,"message":null,"data":{"taken_from":0}}"#);
        for (method, body) in [("PATCH", Some(json!({}))), ("DELETE", None)] {
            assert_eq!(app.call(method, &path, As::Token(&token), body.clone()).await.error(), "404 role_not_found");
            let none = app.call(method, "/roles/%00%FF", As::Token(&token), body).await;
            assert_eq!(none.error(), "404 role_not_found");
        }
        for body in [
            json!({"name": ""}),
            json!({"name": "a b"}),
            json!({"name": "x".repeat(65)}),
            json!({"name": "а"}),
            json!({"name": "x", "permissions": "y"}),
            json!({"name": "x", "permissions": ["y", 7]}),
            json!({"name": "x", "permissions": ["a/b"]}),
            json!({"name": "x", "description": "x".repeat(1_001)}),
            json!({"name": "x", "users": [1]}),
        ] {
            let refused = app.call("POST", "/roles", As::Token(&token), Some(body.clone())).await;
            assert_eq!(refused.error(), "400 invalid_fields", "{body}");
        }
        assert_eq!(role::list(app.doorward.database().reads()).await.unwrap().len(), 1);
    });
}

#[test]
fn a_role_that_users_have_is_taken_away_only_on_request() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        app.call("POST", "/roles", As::Token(&token), Some(json!({"name": "editor"}))).await;
        let user = app.user_with_roles("anna", &["editor"]).await;
        let theirs = app.token_of("anna").await;
        let roles = async || app.get("/me", As::Token(&theirs)).await.json()["data"]["roles"].clone();
        assert_eq!(roles().await, json!(["editor"]));
        for query in ["", "?take_away=false"] {
            let answer = app.call("DELETE", &format!("/roles/editor{query}"), As::Token(&token), None).await;
            assert_eq!(answer.error(), "409 role_in_use");
        }
        let answer = app.call("DELETE", "/roles/editor?take_away=true", As::Token(&token), None).await;
        assert_eq!(answer.json()["data"]["taken_from"], 1);
        assert_eq!(roles().await, json!([]));
        let refused = role::grant(&app.doorward, user.id, "editor").await;
        assert!(matches!(refused, Err(doorward_core::Error::RoleNotFound)));
    });
}

#[test]
fn a_permission_counts_at_once_in_tokens_of_before_on_every_replica() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let new = json!({"name": "clerk", "permissions": ["invoices:read"]});
        app.call("POST", "/roles", As::Token(&token), Some(new)).await;
        app.user_with_roles("anna", &["clerk"]).await;
        let theirs = app.token_of("anna").await;
        let replica = app.replica(&|_| {}).await;
        let (here, there) = (application(&app), application(&replica));
        let permit = async |permissions| {
            let change = json!({"permissions": permissions});
            assert_eq!(app.call("PATCH", "/roles/clerk", As::Token(&token), Some(change)).await.status, 200);
        };
        assert_eq!(statuses(&here, &theirs).await, [403, 403]);
        assert_eq!(statuses(&there, &theirs).await, [403, 403]);
        permit(json!(["invoices:read", "invoices:write"])).await;
        assert_eq!(statuses(&here, &theirs).await, [200, 200]);
        replica.catch_up().await;
        assert_eq!(statuses(&there, &theirs).await, [200, 200]);
        permit(json!(["invoices:writer"])).await;
        assert_eq!(statuses(&here, &theirs).await, [403, 403]);
        replica.catch_up().await;
        assert_eq!(statuses(&there, &theirs).await, [403, 403]);
        assert_eq!(statuses(&here, &token).await, [403, 403], "an administrator has what the role was given");
        permit(json!(["invoices:write"])).await;
        assert_eq!(
            statuses(&application(&app.replica(&|_| {}).await), &theirs).await,
            [200, 200],
            "and after a restart"
        );
        app.call("DELETE", "/roles/clerk?take_away=true", As::Token(&token), None).await;
        assert_eq!(statuses(&here, &theirs).await, [403, 403]);
    });
}
