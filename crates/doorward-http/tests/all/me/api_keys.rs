//! `/me/api-keys`, and what an API key opens.

use axum::{Router, routing::get};
use doorward_core::{api_key, role, session::Client, user};
use doorward_http::{App, CurrentUser, DoorwardLayer, LoginRequired, RequireScope, ScopeName};
use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{events, send};
use crate::app::{As, PASSWORD, TestApp, configured_on_both_engines, on_both_engines, request};

/// Makes a key by the user's token; answers the id and the key.
async fn key(app: &TestApp, token: &str, scopes: &[&str]) -> (String, String) {
    let answer =
        send(app, Method::POST, "/me/api-keys", As::Token(token), json!({"name": "k", "scopes": scopes})).await;
    let data = &answer.json()["data"];
    (data["id"].as_str().unwrap().to_owned(), data["key"].as_str().unwrap().to_owned())
}

fn token_of(login: &Value) -> &str {
    login["token"].as_str().unwrap()
}

#[test]
fn e7_a_key_is_shown_once_and_only_its_hash_is_stored() {
    on_both_engines(async |app| {
        let (user, login) = app.signed_in("alice").await;
        let body = json!({"name": "nightly import", "scopes": ["read", "read"], "expires_in": 3_600});
        let made =
            send(&app, Method::POST, "/me/api-keys", As::Token(token_of(&login)), body).await.json()["data"].clone();
        let key = made["key"].as_str().unwrap();
        assert!(api_key::is_well_formed(key), "{key}");
        assert_eq!(made["shown"], key[..11]);
        assert_eq!(made["scopes"], json!(["read"]));
        assert_eq!(made["expires_at"], "2020-03-15T04:30:00Z");

        app.get("/me", As::Token(key)).await;
        app.advance(0).await;
        let listed = app.get("/me/api-keys", As::Bearer(key)).await;
        assert!(!listed.text.contains(key) && !listed.text.contains("\"key\""), "{}", listed.text);
        let listed = &listed.json()["data"]["api_keys"][0];
        assert_eq!(listed["shown"], made["shown"]);
        assert_eq!(listed["last_used_at"], "2020-03-15T03:30:00Z");

        let row = &api_key::list_of(app.doorward.database().reads(), user.id).await.unwrap()[0];
        assert!(!format!("{row:?}").contains(&key[11..]) && row.key_hash.len() == 32);
        assert_eq!(events(&app, user.id).await.last().unwrap(), "api_key.created");
        app.clock.advance(3_600);
        app.catch_up().await;
        assert_eq!(app.get("/me", As::Token(key)).await.error(), "401 token_expired");
    });
}

#[test]
fn e7_scopes_only_narrow() {
    on_both_engines(async |app| {
        let user = app.user_with_roles("root", &["admin"]).await;
        app.user_with_roles("other", &["admin"]).await;
        let login = app.log_in("root").await.json();
        let (_, reading) = key(&app, token_of(&login), &["read"]).await;
        let (_, administering) = key(&app, token_of(&login), &["read", "admin", "nonsense"]).await;
        let (_, writing) = key(&app, token_of(&login), &["write"]).await;
        for (key, roles) in [(&reading, json!([])), (&administering, json!(["admin"]))] {
            let identity = doorward_core::token::recall(&app.doorward, &credential(key), &Client::default());
            assert!(identity.is_none(), "not seen yet");
            assert_eq!(app.get("/me", As::Token(key)).await.status, 200);
            let identity = doorward_core::token::recall(&app.doorward, &credential(key), &Client::default());
            let identity = identity.unwrap().unwrap();
            assert_eq!(json!(identity.roles.iter().collect::<Vec<_>>()), roles);
        }
        let denied = app.get("/me", As::Bearer(&writing)).await;
        assert_eq!(denied.error(), "403 scope_required");
        assert_eq!(
            denied.header("www-authenticate"),
            r#"Bearer realm="doorward", error="insufficient_scope", scope="read""#
        );
        let change = async |key: &str| send(&app, Method::PATCH, "/me", As::Token(key), json!({"name": "R"})).await;
        assert_eq!(change(&reading).await.error(), "403 scope_required");
        assert_eq!(change(&writing).await.status, 200);

        // A role that is taken away is gone from the key too, and one that is given is not in it unless named.
        role::revoke(&app.doorward, user.id, "admin").await.unwrap();
        assert_eq!(app.get("/me", As::Token(&administering)).await.status, 200);
        let identity = doorward_core::token::recall(&app.doorward, &credential(&administering), &Client::default());
        assert!(identity.unwrap().unwrap().roles.is_empty());
    });
}

fn credential(key: &str) -> doorward_guard::Credential<'_> {
    doorward_guard::Credential {
        kind: doorward_guard::CredentialKind::ApiKey,
        source: doorward_guard::CredentialSource::TokenHeader,
        value: key,
    }
}

#[test]
fn e7_a_key_makes_no_keys_and_touches_neither_sessions_of_others_nor_the_account() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let (id, all) = key(&app, token_of(&login), &["read", "write"]).await;
        let (other, _) = key(&app, token_of(&login), &["read"]).await;
        let new = json!({"name": "k", "scopes": ["read"], "password": PASSWORD});
        let id_of_other = other.as_str();
        for (method, path, body) in [
            (Method::POST, "/me/api-keys".to_owned(), new),
            (Method::DELETE, "/me".to_owned(), json!({"password": PASSWORD})),
            (Method::GET, "/me/export".to_owned(), Value::Null),
            (Method::GET, "/logout".to_owned(), Value::Null),
            (Method::DELETE, format!("/me/api-keys/{id_of_other}"), Value::Null),
        ] {
            let answer = send(&app, method, &path, As::Bearer(&all), body).await;
            assert_eq!(answer.error(), "403 api_key_not_allowed", "{path}");
        }
        let itself = send(&app, Method::DELETE, &format!("/me/api-keys/{id}"), As::Bearer(&all), Value::Null).await;
        assert_eq!(itself.status, 200, "whoever finds a leaked key can end it");
        assert_eq!(app.get("/me", As::Bearer(&all)).await.error(), "401 token_revoked");
    });
}

#[test]
fn e4_a_key_asks_for_recent_proof() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        app.advance(301).await;
        let make = async |password: Option<&str>| {
            let mut body = json!({"name": "k", "scopes": ["read"]});
            if let Some(password) = password {
                body["password"] = password.into();
            }
            send(&app, Method::POST, "/me/api-keys", As::Token(token_of(&login)), body).await
        };
        assert_eq!(make(None).await.error(), "403 fresh_login_required");
        assert_eq!(make(Some("wrong")).await.error(), "401 invalid_credentials");
        assert_eq!(make(Some(PASSWORD)).await.status, 200);
    });
}

#[test]
fn e6_a_key_of_another_answers_as_one_that_does_not_exist() {
    on_both_engines(async |app| {
        let (_, alice) = app.signed_in("alice").await;
        let (_, bob) = app.signed_in("bob").await;
        let (of_alice, key_of_alice) = key(&app, token_of(&alice), &["read"]).await;
        let end = async |id: &str| {
            let path = format!("/me/api-keys/{id}");
            send(&app, Method::DELETE, &path, As::Token(token_of(&bob)), Value::Null).await.shown()
        };
        let others = end(&of_alice).await;
        assert_snapshot!(others, @r#"404 {"code":404,"message":"There is no such API key.","data":null,"error":"api_key_not_found"}"#);
        for none in ["0170dc5012bb7fffbfffffffffffffff", "x", "%00", "%ff", "..%2f.."] {
            assert_eq!(end(none).await, others, "{none}");
        }
        assert_eq!(app.get("/me", As::Token(&key_of_alice)).await.status, 200);
    });
}

#[test]
fn c6_an_ended_key_a_disabled_user_and_a_deleted_one_count_on_every_replica() {
    on_both_engines(async |app| {
        let (user, login) = app.signed_in("alice").await;
        let other = app.replica(&|_| {}).await;
        let (id, ended) = key(&app, token_of(&login), &["read"]).await;
        let (_, kept) = key(&app, token_of(&login), &["read"]).await;
        for key in [&ended, &kept] {
            assert_eq!(other.get("/me", As::Token(key)).await.status, 200);
        }
        let refused = async |key: &str| {
            other.catch_up().await;
            for app in [&app, &other] {
                assert_eq!(app.get("/me", As::Token(key)).await.error(), "401 token_revoked");
            }
        };
        let path = format!("/me/api-keys/{id}");
        assert_eq!(send(&app, Method::DELETE, &path, As::Token(token_of(&login)), Value::Null).await.status, 200);
        refused(&ended).await;
        assert_eq!(
            send(&app, Method::DELETE, &path, As::Token(token_of(&login)), Value::Null).await.error(),
            "404 api_key_not_found"
        );
        assert_eq!(other.get("/me", As::Token(&kept)).await.status, 200);

        user::disable(&app.doorward, user.id).await.unwrap();
        refused(&kept).await;
        user::enable(&app.doorward, user.id).await.unwrap();
        assert_eq!(app.get("/me", As::Token(&kept)).await.status, 200);
        user::delete(&app.doorward, user.id).await.unwrap();
        other.catch_up().await;
        for app in [&app, &other] {
            assert_eq!(app.get("/me", As::Token(&kept)).await.status, 401);
        }
    });
}

#[test]
fn c6_a_key_that_is_ended_between_its_look_up_and_its_admission_stays_out() {
    on_both_engines(async |app| {
        let (user, login) = app.signed_in("alice").await;
        let (id, key) = key(&app, token_of(&login), &["read"]).await;
        let seen = app.doorward.guard().revocations().mark();
        let identity = api_key::recognise(&app.doorward, &key).await.unwrap();
        api_key::revoke(&app.doorward, user.id, &id).await.unwrap();
        let kind = doorward_guard::CredentialKind::ApiKey;
        let admitted = app.doorward.guard().admit(kind, key.as_bytes(), identity, app.doorward.now().unix(), seen);
        assert_eq!(admitted.unwrap_err(), doorward_guard::Denied::Revoked);
    });
}

#[test]
fn what_is_no_key_is_refused_without_the_database() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let (_, key) = key(&app, token_of(&login), &["read"]).await;
        let unknown = "dw_00000000000000000000000000000000000000000002CZclj";
        assert_eq!(app.get("/me", As::Token(unknown)).await.error(), "401 token_invalid");
        let mut mistyped = key.clone();
        let last = if mistyped.ends_with('0') { '1' } else { '0' };
        mistyped.pop();
        mistyped.push(last);
        app.doorward.database().close().await;
        for none in [mistyped.as_str(), "dw_", "dw_x", &"dw_0".repeat(1_000)] {
            assert_eq!(app.get("/me", As::Token(none)).await.error(), "401 token_malformed");
        }
        assert_eq!(app.get("/me", As::Token(unknown)).await.status, 503, "that one was looked for");
    });
}

#[test]
fn a_key_is_remembered_like_a_token() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let (_, key) = key(&app, token_of(&login), &["read"]).await;
        let key = key.as_str();
        let router = guarded(&app);
        assert_eq!(call(&router, "/readings", key).await, 200);
        app.doorward.database().close().await;
        let before = app.doorward.guard().stats().hits;
        assert_eq!(call(&router, "/readings", key).await, 200, "the database isn't asked");
        assert_eq!(app.doorward.guard().stats().hits, before + 1);
    });
}

struct MetersRead;
impl ScopeName for MetersRead {
    const NAME: &'static str = "meters:read";
}

fn guarded(app: &TestApp) -> Router {
    let app = App::new(app.doorward.clone());
    Router::new()
        .route("/readings", get(async || "in").post(async || "in"))
        .route("/meters", get(async |_: RequireScope<MetersRead>| "in").post(async |_: CurrentUser| "in"))
        .layer(LoginRequired::new(app.clone()))
        .layer(DoorwardLayer::new(app))
}

async fn call(router: &Router, path: &str, key: &str) -> u16 {
    let request = request(Method::GET, path, As::Bearer(key)).body(axum::body::Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap().status().as_u16()
}

#[test]
fn an_application_guards_its_routes_by_scopes() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let router = guarded(&app);
        let (_, reading) = key(&app, token_of(&login), &["read"]).await;
        let (_, meters) = key(&app, token_of(&login), &["read", "meters:read"]).await;
        for _ in ["verified", "remembered"] {
            assert_eq!(call(&router, "/meters", &meters).await, 200);
            assert_eq!(call(&router, "/meters", &reading).await, 403);
            assert_eq!(call(&router, "/meters", token_of(&login)).await, 200, "a token is not narrowed");
            for path in ["/readings", "/meters"] {
                let write = request(Method::POST, path, As::Bearer(&meters)).body(axum::body::Body::empty()).unwrap();
                assert_eq!(router.clone().oneshot(write).await.unwrap().status(), 403, "it has no scope to write");
            }
        }
    });
}

#[test]
fn bad_fields_are_told_and_there_are_no_more_than_the_most() {
    configured_on_both_engines(
        |settings| settings.api_keys.max_per_user = 2,
        async |app| {
            let (_, login) = app.signed_in("alice").await;
            let make =
                async |body: Value| send(&app, Method::POST, "/me/api-keys", As::Token(token_of(&login)), body).await;
            let answer = make(json!({"name": "a\u{0}", "scopes": [], "expires_in": 1})).await;
            assert_snapshot!(answer.shown(), @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"invalid_characters","field":"name","message":"This field holds a character that can't be used."},{"error":"empty","field":"scopes","message":"This field must not be empty."},{"error":"out_of_range","field":"expires_in","message":"This number is out of range."}]}"#);
            let answer = make(json!({"name": 1, "scopes": ["a b", 1], "expires_in": -1, "user_id": 2})).await;
            assert_snapshot!(answer.shown(), @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"wrong_type","field":"name","message":"This field must be a string."},{"error":"wrong_type","field":"scopes","message":"This field must be a list of strings."},{"error":"out_of_range","field":"expires_in","message":"This number is out of range."},{"error":"unknown_field","field":"user_id","message":"There is no such field."}]}"#);
            for _ in 0..2 {
                assert_eq!(make(json!({"name": "k", "scopes": ["read"]})).await.status, 200);
            }
            assert_eq!(make(json!({"name": "k", "scopes": ["read"]})).await.error(), "409 api_key_limit");
        },
    );
}

#[test]
fn a_service_has_keys_and_no_password() {
    on_both_engines(async |app| {
        let service = user::create_service(&app.doorward, "importer", vec!["admin".into()]).await.unwrap();
        assert_eq!((service.service, service.password_hash.is_some()), (Some(true), false));
        let new =
            api_key::NewApiKey { name: "k".into(), scopes: vec!["read".into(), "admin".into()], expires_in: None };
        let made = api_key::create(&app.doorward, service.id, new).await.unwrap();
        let me = app.get("/me", As::Token(made.key.expose())).await.json();
        assert_eq!(me["data"]["username"], "importer");
        assert_eq!(app.log_in("importer").await.error(), "401 invalid_credentials");
    });
}
