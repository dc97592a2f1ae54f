//! `POST /password/reset`

use doorward_core::{password, user};
use insta::assert_snapshot;
use serde_json::json;

use super::{ANOTHER, last_token, log_in_with, sent};
use crate::app::{As, PASSWORD, TestApp, on_both_engines};

async fn reset(app: &TestApp, token: &str, new: &str) -> crate::app::Answer {
    app.post("/password/reset", json!({"token": token, "new_password": new})).await
}

async fn forgotten(app: &TestApp) -> String {
    app.post("/password/forgot", json!({"username": "alice"})).await;
    last_token(app).await
}

#[test]
fn a_mailed_link_chooses_another_password_once_and_ends_every_session() {
    on_both_engines(async |app| {
        let (user, login) = app.signed_in("alice").await;
        app.sql("UPDATE users SET confirmed = (1 = 0)").await;
        let other = app.replica(&|_| {}).await;
        let token = forgotten(&app).await;
        assert_snapshot!(reset(&app, &token, ANOTHER).await.shown(), @r#"200 {"code":200,"message":null,"data":null}"#);
        for replica in [&app, &other] {
            replica.catch_up().await;
            let old = login["token"].as_str().unwrap();
            assert_eq!(replica.get("/me", As::Token(old)).await.error(), "401 token_revoked");
        }
        let refresh = json!({"refresh_token": login["refresh_token"]});
        assert_eq!(app.post("/token/refresh", refresh).await.error(), "401 session_ended");
        assert_eq!(log_in_with(&app, "alice", PASSWORD).await, "401 invalid_credentials");
        assert_eq!(log_in_with(&app, "alice", ANOTHER).await, "200 ");
        assert_eq!(reset(&app, &token, "nine purple umbrellas").await.error(), "400 code_invalid");
        let sent = sent(&app).await;
        assert_eq!(sent, ["reset_password → alice@example.com", "password_changed → alice@example.com"]);
        let user = user::find_by_id(app.doorward.database().reads(), user.id).await.unwrap().unwrap();
        assert_eq!(user.confirmed, Some(false), "it confirms nothing else");
    });
}

#[test]
fn b4_of_two_who_use_one_link_at_once_one_does() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let token = forgotten(&app).await;
        let other = app.replica(&|_| {}).await;
        let tries: Vec<_> = (0..8)
            .map(|number| {
                let (app, token) = (if number % 2 == 0 { app.clone() } else { other.clone() }, token.clone());
                tokio::spawn(async move { reset(&app, &token, ANOTHER).await.status.as_u16() })
            })
            .collect();
        let mut answers = Vec::new();
        for one in tries {
            answers.push(one.await.unwrap());
        }
        assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 400).count(), 7, "{answers:?}");
    });
}

#[test]
fn b4_a_link_is_good_for_thirty_minutes_and_for_its_address() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let token = forgotten(&app).await;
        app.advance(30 * 60).await;
        assert_eq!(reset(&app, &token, ANOTHER).await.error(), "400 code_invalid");

        let token = forgotten(&app).await;
        app.advance(30 * 60 - 1).await;
        app.sql("UPDATE users SET email = 'new@example.com', email_key = 'new@example.com'").await;
        assert_eq!(reset(&app, &token, ANOTHER).await.error(), "400 code_invalid", "another address since");
        app.sql("UPDATE users SET email = 'alice@example.com', email_key = 'alice@example.com'").await;
        assert_eq!(reset(&app, &token, ANOTHER).await.error(), "200 ");
    });
}

#[test]
fn what_is_no_link_of_this_purpose_opens_nothing() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let (token, refresh) = (login["token"].as_str().unwrap(), login["refresh_token"].as_str().unwrap());
        let random = format!("dwo_{}", "A".repeat(43));
        for token in ["x", "dwo_", &random, token, refresh, &"x".repeat(10_000)] {
            assert_eq!(reset(&app, token, ANOTHER).await.error(), "400 code_invalid");
        }
        assert_eq!(log_in_with(&app, "alice", PASSWORD).await, "200 ");
    });
}

#[test]
fn a_password_that_cannot_be_taken_leaves_the_link_good() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let token = forgotten(&app).await;
        assert_snapshot!(reset(&app, &token, "Password1").await.shown(), @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"too_common","field":"new_password","message":"This password is among the most common ones. Choose another."}]}"#);
        assert_eq!(reset(&app, &token, ANOTHER).await.status, 200);
    });
}

#[test]
fn a_disabled_account_is_not_opened_by_a_link() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        let token = forgotten(&app).await;
        user::disable(&app.doorward, user.id).await.unwrap();
        assert_eq!(reset(&app, &token, ANOTHER).await.error(), "400 code_invalid");
    });
}

#[test]
fn must_change_asks_for_another_password_at_the_sign_in() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        password::require_change(&app.doorward, user.id).await.unwrap();
        assert_eq!(log_in_with(&app, "alice", "wrong").await, "401 invalid_credentials");
        assert_snapshot!(app.log_in("alice").await.shown(), @r#"403 {"code":403,"message":"Choose another password first.","data":null,"error":"password_change_required"}"#);
        let with = async |new: &str| {
            app.post("/login", json!({"username": "alice", "password": PASSWORD, "new_password": new})).await
        };
        assert_eq!(with(PASSWORD).await.error(), "400 invalid_fields", "the same again is no other");
        assert_eq!(with("12345678").await.error(), "400 invalid_fields");
        let changed = with(ANOTHER).await;
        assert_eq!(changed.status, 200);
        let token = changed.json()["token"].as_str().unwrap().to_owned();
        assert_eq!(app.get("/me", As::Token(&token)).await.status, 200);
        assert_eq!(log_in_with(&app, "alice", PASSWORD).await, "401 invalid_credentials");
        assert_eq!(log_in_with(&app, "alice", ANOTHER).await, "200 ");
        assert_eq!(with("nine purple umbrellas").await.error(), "401 invalid_credentials");
    });
}
