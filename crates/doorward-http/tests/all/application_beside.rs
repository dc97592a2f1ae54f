//! Another application that writes to the same table of users.

use serde_json::json;

use crate::app::{As, PASSWORD, TestApp, on_both_engines};

async fn choose_there(app: &TestApp, password: &str) {
    app.sql(&format!("UPDATE users SET password_hash = 'plain$${password}' WHERE username = 'susan'")).await;
    app.catch_up().await;
}

#[test]
fn a_password_changed_there_works_here_and_ends_what_was_signed_in_with_the_old_one() {
    on_both_engines(async |app| {
        let (_, tokens) = app.signed_in("susan").await;
        let cookie = app.log_in("susan").await.cookie();
        let other = app.signed_in("anna").await.1;
        choose_there(&app, "chosen over there").await;
        for who in [As::Token(tokens["token"].as_str().unwrap()), As::Cookie(&cookie)] {
            assert_eq!(app.get("/me", who).await.error(), "401 token_revoked");
        }
        let refreshed = app.post("/token/refresh", json!({"refresh_token": tokens["refresh_token"]})).await;
        assert_eq!(refreshed.error(), "401 session_ended");
        assert_eq!(app.get("/me", As::Token(other["token"].as_str().unwrap())).await.status, 200);

        assert_eq!(app.log_in("susan").await.error(), "401 invalid_credentials");
        let again = app.post("/login", json!({"username": "susan", "password": "chosen over there"})).await;
        let token = again.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(app.get("/me", As::Token(&token)).await.status, 200);
        // The sign-in wrote the hash anew, and that is no other password.
        app.catch_up().await;
        assert_eq!(app.get("/me", As::Token(&token)).await.status, 200);
        let hash = app.column("SELECT password_hash AS line FROM users WHERE username = 'susan'").await;
        assert!(hash[0].starts_with("$argon2id$"), "{}", hash[0]);
    });
}

#[test]
fn what_it_writes_besides_ends_nothing() {
    on_both_engines(async |app| {
        let (_, tokens) = app.signed_in("susan").await;
        let token = tokens["token"].as_str().unwrap();
        app.sql("UPDATE users SET password_hash = password_hash, location = 'Dublin', last_seen = member_since").await;
        app.catch_up().await;
        assert_eq!(app.get("/me", As::Token(token)).await.status, 200);
    });
}

#[test]
fn a_password_changed_here_ends_the_others_and_not_the_own() {
    on_both_engines(async |app| {
        let (_, one) = app.signed_in("susan").await;
        let other = app.token_of("susan").await;
        let body = json!({"password": PASSWORD, "new_password": "another horse battery staple"});
        let changed = app.post_as("/me/password", As::Token(one["token"].as_str().unwrap()), body).await;
        app.catch_up().await;
        assert_eq!(app.get("/me", As::Token(&other)).await.error(), "401 token_revoked");
        let own = changed.json()["data"]["token"].as_str().unwrap().to_owned();
        assert_eq!(app.get("/me", As::Token(&own)).await.status, 200, "{}", changed.text);
    });
}
