//! The layers and extractors on an application's own routes.

use axum::{Router, body::Body, routing::get};
use doorward_core::role;
use doorward_http::{App, CurrentUser, DoorwardLayer, Envelope, LoginRequired, RequireRole, RoleName};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::app::{As, TestApp, on_both_engines, request};

struct Admin;
impl RoleName for Admin {
    const NAME: &'static str = "admin";
}

async fn call(router: &Router, path: &str, who: As<'_>) -> (StatusCode, String) {
    let request: Request<Body> = request(Method::GET, path, who).body(Body::empty()).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, String::from_utf8_lossy(&bytes).into_owned())
}

fn application(app: &TestApp) -> Router {
    let app = App::new(app.doorward.clone());
    let guarded = Router::new()
        .route("/layered", get(async |user: CurrentUser| Envelope::successful(user.user_id)))
        .layer(LoginRequired::new(app.clone()));
    let for_admins = Router::new()
        .route("/layered-admin", get(async || "in"))
        .layer(LoginRequired::new(app.clone()).with_role("admin"));
    Router::new()
        .route("/my_info", get(async |user: CurrentUser| Envelope::successful(user.user_id)))
        .route(
            "/maybe",
            get(async |user: Option<CurrentUser>| {
                user.map_or_else(|| "nobody".to_owned(), |user| user.user_id.to_string())
            }),
        )
        .route("/admin", get(async |admin: RequireRole<Admin>| admin.user_id.to_string()))
        .merge(guarded)
        .merge(for_admins)
        .layer(DoorwardLayer::new(app))
}

#[test]
fn extractors_and_layers_let_in_whom_they_should() {
    on_both_engines(async |app| {
        let router = application(&app);
        let (user, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        for path in ["/my_info", "/layered"] {
            for _ in ["verified", "remembered"] {
                let (status, body) = call(&router, path, As::Bearer(token)).await;
                assert_eq!(
                    (status.as_u16(), body.contains(&format!("\"data\":{}", user.id))),
                    (200, true),
                    "{path} {body}"
                );
            }
            assert_eq!(call(&router, path, As::Nobody).await.0, 403);
            assert_eq!(call(&router, path, As::Token("x")).await.0, 401);
        }
        assert_eq!(call(&router, "/maybe", As::Nobody).await.1, "nobody");
        assert_eq!(call(&router, "/maybe", As::Token(token)).await.1, user.id.to_string());
        assert_eq!(call(&router, "/maybe", As::Token("x")).await.0, 401);
    });
}

#[test]
fn a_role_counts_from_the_moment_it_is_granted_until_it_is_revoked() {
    on_both_engines(async |app| {
        let router = application(&app);
        app.user_with_roles("root", &["admin"]).await;
        let (user, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        for path in ["/admin", "/layered-admin"] {
            let (status, body) = call(&router, path, As::Token(token)).await;
            assert_eq!(status, 403);
            assert!(body.contains("role_required"), "{body}");
        }
        role::grant(&app.doorward, user.id, "admin").await.unwrap();
        assert_eq!(call(&router, "/admin", As::Token(token)).await.0, 200);
        assert_eq!(call(&router, "/layered-admin", As::Token(token)).await.0, 200);
        role::revoke(&app.doorward, user.id, "admin").await.unwrap();
        assert_eq!(call(&router, "/admin", As::Token(token)).await.0, 403);
    });
}

#[test]
fn the_last_administrator_stays() {
    on_both_engines(async |app| {
        let root = app.user_with_roles("root", &["admin"]).await;
        let other = app.user_with_roles("other", &["admin"]).await;
        let (one, two) = tokio::join!(
            role::revoke(&app.doorward, root.id, "admin"),
            role::revoke(&app.doorward, other.id, "admin"),
        );
        let refused =
            [one, two].into_iter().filter(|result| matches!(result, Err(doorward_core::Error::LastAdministrator)));
        assert_eq!(refused.count(), 1);
        let last = [root.id, other.id].into_iter();
        for id in last {
            let _ = doorward_core::user::disable(&app.doorward, id).await;
            let _ = doorward_core::user::delete(&app.doorward, id).await;
        }
        let admins = doorward_core::user::list(app.doorward.database().reads(), None, 10).await.unwrap();
        assert_eq!(admins.users.iter().filter(|user| user.is_enabled(app.doorward.now())).count(), 1);
    });
}
