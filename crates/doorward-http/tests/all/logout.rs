//! `GET /logout`, `POST /logout`

use axum::body::Body;
use http::Method;
use insta::assert_snapshot;

use crate::app::{As, BEGIN, SECRET_KEY, configured_on_both_engines, flask_tokens, on_both_engines, request};

#[test]
fn a_logout_ends_the_session_and_all_that_belongs_to_it() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let login = app.log_in("alice").await;
        let (body, cookie) = (login.json(), login.cookie());
        let token = body["token"].as_str().unwrap();
        let answer = app.get("/logout", As::Token(token)).await;
        assert_snapshot!(answer.shown(), @r#"200 {"message":"You have been logged out."}"#);
        assert!(answer.header("set-cookie").contains("Max-Age=0"));
        for who in [As::Token(token), As::Bearer(token), As::Cookie(&cookie)] {
            assert_eq!(app.get("/me", who).await.error(), "401 token_revoked");
        }
        let refresh = serde_json::json!({"refresh_token": body["refresh_token"]});
        assert_eq!(app.post("/token/refresh", refresh).await.error(), "401 session_ended");
    });
}

#[test]
fn without_a_good_token_it_says_what_the_flask_system_says() {
    on_both_engines(async |app| {
        assert_snapshot!(app.get("/logout", As::Nobody).await.shown(), @r#"403 {"code":403,"message":"缺少参数token","data":null,"error":"token_missing"}"#);
        assert_snapshot!(app.get("/logout", As::Token("abc")).await.shown(), @r#"401 {"code":401,"message":"验证失败, 无效的token","data":null,"error":"token_malformed"}"#);
        assert_eq!(app.get("/logout", As::Token("")).await.error(), "401 token_malformed");
    });
}

#[test]
fn post_is_for_bearers_and_browsers_and_head_changes_nothing() {
    on_both_engines(async |app| {
        let (_, body) = app.signed_in("alice").await;
        let token = body["token"].as_str().unwrap();
        let send =
            async |method: Method, who| app.send(request(method, "/logout", who).body(Body::empty()).unwrap()).await;
        let refused = send(Method::POST, As::Token(token)).await;
        assert_eq!(refused.error(), "405 method_not_allowed");
        assert!(refused.header("allow").contains("GET"));
        assert_eq!(send(Method::HEAD, As::Bearer(token)).await.status, 200);
        assert_eq!(send(Method::POST, As::Bearer(token)).await.status, 200);
        assert_eq!(send(Method::POST, As::Bearer(token)).await.error(), "401 token_revoked");
    });
}

#[test]
fn a_token_of_the_flask_application_ends_too_and_only_it() {
    configured_on_both_engines(flask_tokens, async |app| {
        let user = app.user("alice").await;
        let theirs = |expires_at| {
            doorward_guard::sign_flask(
                SECRET_KEY.as_bytes(),
                doorward_guard::FlaskAlgorithm::Hs512,
                user.id.0,
                None,
                BEGIN,
                expires_at,
            )
        };
        let (one, other) = (theirs(BEGIN + 60), theirs(BEGIN + 61));
        assert_eq!(app.get("/logout", As::Token(&one)).await.status, 200);
        assert_eq!(app.get("/me", As::Token(&one)).await.error(), "401 token_revoked");
        assert_eq!(app.get("/me", As::Token(&other)).await.status, 200);
    });
}

#[test]
fn another_replica_learns_of_it() {
    on_both_engines(async |app| {
        let (_, body) = app.signed_in("alice").await;
        let token = body["token"].as_str().unwrap();
        let other = app.replica(&|_| {}).await;
        assert_eq!(other.get("/me", As::Token(token)).await.status, 200);
        app.get("/logout", As::Token(token)).await;
        other.catch_up().await;
        assert_eq!(other.get("/me", As::Token(token)).await.error(), "401 token_revoked");
        let restarted = app.replica(&|_| {}).await;
        assert_eq!(restarted.get("/me", As::Token(token)).await.error(), "401 token_revoked");
    });
}
