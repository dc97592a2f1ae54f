//! `POST /me/password`

use doorward_core::{password, user};
use insta::assert_snapshot;
use serde_json::json;

use crate::{
    app::{As, PASSWORD, configured_on_both_engines, flask_tokens, on_both_engines},
    password::{ANOTHER, log_in_with, post_as, sent},
};

#[test]
fn a_change_ends_every_session_and_renews_the_one_that_asked() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let elsewhere = app.log_in("alice").await.json();
        let other = app.replica(&|_| {}).await;
        let token = login["token"].as_str().unwrap();
        let body = json!({"password": PASSWORD, "new_password": ANOTHER});
        let changed = post_as(&app, "/me/password", As::Bearer(token), body).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let data = &changed.json()["data"];
        for replica in [&app, &other] {
            replica.catch_up().await;
            for old in [token, elsewhere["token"].as_str().unwrap()] {
                assert_eq!(replica.get("/me", As::Token(old)).await.error(), "401 token_revoked");
            }
            assert_eq!(replica.get("/me", As::Token(data["token"].as_str().unwrap())).await.status, 200);
            assert_eq!(replica.get("/me", As::Cookie(&changed.cookie())).await.status, 200);
        }
        let refresh = app.post("/token/refresh", json!({"refresh_token": data["refresh_token"]})).await;
        assert_eq!(refresh.status, 200);
        let refresh = app.post("/token/refresh", json!({"refresh_token": elsewhere["refresh_token"]})).await;
        assert_eq!(refresh.error(), "401 session_ended");
        assert_eq!(log_in_with(&app, "alice", PASSWORD).await, "401 invalid_credentials");
        assert_eq!(log_in_with(&app, "alice", ANOTHER).await, "200 ");
        assert_eq!(sent(&app).await, ["password_changed → alice@example.com"]);
    });
}

#[test]
fn e4_the_present_password_or_a_fresh_sign_in_is_asked_for() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        let change =
            async |token: &str, body: serde_json::Value| post_as(&app, "/me/password", As::Bearer(token), body).await;
        let wrong = change(token, json!({"password": "wrong", "new_password": ANOTHER})).await;
        assert_eq!(wrong.error(), "401 invalid_credentials", "a password that comes must be right");
        app.advance(300).await;
        assert_snapshot!(change(token, json!({"new_password": ANOTHER})).await.shown(), @r#"403 {"code":403,"message":"Sign in again, or send your password, to do this.","data":null,"error":"fresh_login_required"}"#);
        // A refreshed token is as old as its session.
        let refreshed = app.post("/token/refresh", json!({"refresh_token": login["refresh_token"]})).await.json();
        let refreshed = refreshed["token"].as_str().unwrap();
        let stale = change(refreshed, json!({"new_password": ANOTHER})).await;
        assert_eq!(stale.error(), "403 fresh_login_required");
        let again = app.log_in("alice").await.json();
        app.advance(299).await;
        assert_eq!(change(again["token"].as_str().unwrap(), json!({"new_password": ANOTHER})).await.status, 200);
    });
}

#[test]
fn e4_a_token_of_the_flask_application_is_as_old_as_itself() {
    configured_on_both_engines(flask_tokens, async |app| {
        let user = app.user("alice").await;
        let key = crate::app::SECRET_KEY.as_bytes();
        let algorithm = doorward_guard::FlaskAlgorithm::Hs512;
        let (begin, end) = (crate::app::BEGIN, crate::app::BEGIN + 3_600);
        let theirs = doorward_guard::sign_flask(key, algorithm, user.id.0, None, begin, end);
        app.advance(300).await;
        let stale = post_as(&app, "/me/password", As::Token(&theirs), json!({"new_password": ANOTHER})).await;
        assert_eq!(stale.error(), "403 fresh_login_required");
        let body = json!({"password": PASSWORD, "new_password": ANOTHER});
        let changed = post_as(&app, "/me/password", As::Token(&theirs), body).await;
        assert_eq!(changed.status, 200);
        assert_eq!(app.get("/me", As::Token(&theirs)).await.error(), "401 token_revoked");
        let renewed = changed.json()["data"]["token"].as_str().unwrap().to_owned();
        assert_eq!(app.get("/me", As::Token(&renewed)).await.status, 200);
    });
}

#[test]
fn d2_a_cookie_from_another_site_changes_nothing() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let cookie = app.log_in("alice").await.cookie();
        let request = crate::app::request(http::Method::POST, "/me/password", As::Cookie(&cookie))
            .header("content-type", "application/json")
            .header("sec-fetch-site", "cross-site")
            .body(json!({"new_password": ANOTHER}).to_string().into())
            .unwrap();
        assert_eq!(app.send(request).await.error(), "403 cross_site_request");
        assert_eq!(log_in_with(&app, "alice", PASSWORD).await, "200 ");
    });
}

#[test]
fn a_link_that_was_on_its_way_dies_with_the_change() {
    on_both_engines(async |app| {
        let (user, login) = app.signed_in("alice").await;
        password::start_reset(&app.doorward, user.id).await.unwrap();
        let link = crate::password::last_token(&app).await;
        let body = json!({"new_password": ANOTHER});
        post_as(&app, "/me/password", As::Bearer(login["token"].as_str().unwrap()), body).await;
        let reset = app.post("/password/reset", json!({"token": link, "new_password": "nine purple umbrellas"})).await;
        assert_eq!(reset.error(), "400 code_invalid");
        let user = user::find_by_id(app.doorward.database().reads(), user.id).await.unwrap().unwrap();
        assert_eq!(user.must_change_password, Some(false));
    });
}
