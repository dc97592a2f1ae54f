//! `/introspect`

use axum::body::Body;
use doorward_core::{
    api_key::{self, NewApiKey},
    role, user,
};
use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::app::{Answer, As, TestApp, configured_on_both_engines, flask_tokens, on_both_engines, request};

async fn introspect(app: &TestApp, who: As<'_>, form: &str) -> Answer {
    let request = request(Method::POST, "/introspect", who).header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn worth(app: &TestApp, key: &str, token: &str) -> Value {
    let answer = introspect(app, As::Bearer(key), &format!("token={token}")).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    answer.json()
}

#[test]
fn a_token_is_told_with_all_that_a_service_needs() {
    on_both_engines(async |app| {
        let key = app.service("shop", &["introspect"]).await;
        let alice = app.user("alice").await;
        role::grant(&app.doorward, alice.id, "admin").await.unwrap();
        let token = app.token_of("alice").await;
        let mut told = worth(&app, &key, &token).await;
        assert_eq!(told["sid"].as_str().unwrap().len(), 32);
        assert_eq!(told["sub"], alice.id.to_string());
        told["sid"] = "…".into();
        told["sub"] = "…".into();
        assert_snapshot!(told, @r#"{"active":true,"aud":"doorward","doorward_kind":"jwt","email":"alice@example.com","exp":1584246600,"iat":1584243000,"iss":"doorward","permissions":[],"roles":["admin"],"sid":"…","sub":"…","token_type":"Bearer","username":"alice"}"#);
    });
}

#[test]
fn g3_of_what_opens_no_door_nothing_is_told() {
    on_both_engines(async |app| {
        let key = app.service("shop", &["introspect"]).await;
        let (alice, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        let refresh = login["refresh_token"].as_str().unwrap();
        let inactive = json!({"active": false});
        for bad in ["x", "a.b.c", refresh, "dw_x", &token[..token.len() - 2], &"x".repeat(20_000)] {
            assert_eq!(worth(&app, &key, bad).await, inactive, "{bad:.20}");
        }
        assert_eq!(worth(&app, &key, token).await["active"], true);
        user::disable(&app.doorward, alice.id).await.unwrap();
        assert_eq!(worth(&app, &key, token).await, inactive);
        user::enable(&app.doorward, alice.id).await.unwrap();
        let again = app.token_of("alice").await;
        app.get("/logout", As::Token(&again)).await;
        assert_eq!(worth(&app, &key, &again).await, inactive);
        let expiring = app.token_of("alice").await;
        app.advance(3_600).await;
        assert_eq!(worth(&app, &key, &expiring).await, inactive);
    });
}

#[test]
fn an_api_key_is_told_with_its_scopes_and_counts_as_used() {
    on_both_engines(async |app| {
        let service = app.service("shop", &["introspect"]).await;
        let alice = app.user_with_roles("alice", &["admin"]).await;
        let new = NewApiKey { name: "k".into(), scopes: vec!["read".into(), "meters:read".into()], expires_in: None };
        let made = api_key::create(&app.doorward, alice.id, new).await.unwrap();
        let told = worth(&app, &service, made.key.expose()).await;
        assert_eq!(told["doorward_kind"], "api_key");
        assert_eq!(told["scope"], "read meters:read");
        assert_eq!(told["roles"], json!([]), "a key only narrows");
        app.advance(0).await;
        let keys = api_key::list_of(app.doorward.database().reads(), alice.id).await.unwrap();
        assert!(keys[0].last_used_at.is_some());
        api_key::revoke(&app.doorward, alice.id, &made.row.id).await.unwrap();
        assert_eq!(worth(&app, &service, made.key.expose()).await, json!({"active": false}));
    });
}

#[test]
fn tokens_of_the_flask_format_are_told_with_the_roles_that_they_do_not_carry() {
    configured_on_both_engines(flask_tokens, async |app| {
        let key = app.service("shop", &["introspect"]).await;
        app.user_with_roles("alice", &["admin"]).await;
        let token = app.token_of("alice").await;
        let told = worth(&app, &key, &token).await;
        assert_eq!((told["doorward_kind"].as_str(), &told["roles"]), (Some("flask"), &json!(["admin"])));
        assert!(told.get("iss").is_none());
    });
}

#[test]
fn g3_only_services_with_the_scope_ask() {
    on_both_engines(async |app| {
        let root = app.administrator().await;
        let key = app.service("shop", &["introspect"]).await;
        let narrow = app.service("other", &["revocations", "read", "write"]).await;
        for who in [As::Nobody, As::Bearer(&root), As::Token(&key), As::Cookie("doorward=x")] {
            assert_eq!(introspect(&app, who, "token=x").await.error(), "401 service_required");
        }
        assert_eq!(introspect(&app, As::Bearer(&narrow), "token=x").await.error(), "403 scope_required");
    });
}

#[test]
fn f1_forms_that_are_none_are_refused() {
    on_both_engines(async |app| {
        let key = app.service("shop", &["introspect"]).await;
        let error = async |form: &str| introspect(&app, As::Bearer(&key), form).await.error();
        assert_eq!(error("").await, "400 invalid_fields");
        assert_eq!(error("token=").await, "400 invalid_fields");
        assert_eq!(error("token=a&token=b").await, "400 invalid_fields");
        assert_eq!(error(&"token=".repeat(20_000)).await, "413 request_too_large");
        let answer = introspect(&app, As::Bearer(&key), "token=x&token_type_hint=access_token&other=1").await;
        assert_eq!(answer.text, r#"{"active":false}"#);
        let json = app.post_as("/introspect", As::Bearer(&key), json!({"token": "x"})).await;
        assert_eq!(json.error(), "400 unsupported_media_type");
    });
}
