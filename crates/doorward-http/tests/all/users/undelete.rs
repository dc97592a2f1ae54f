//! `POST /users/{id}/undelete`

use doorward_core::settings::Settings;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::mails;
use crate::app::{As, TestApp, configured_on_both_engines};

const WEEK: i64 = 7 * 24 * 60 * 60;

fn with_grace(settings: &mut Settings) {
    settings.account.deletion_grace = WEEK.unsigned_abs();
}

async fn calls_off(app: &TestApp) -> Vec<String> {
    app.column("SELECT kind || ' ' || actor AS line FROM audit_events WHERE kind = 'user.deletion_cancelled'").await
}

#[test]
fn an_administrator_calls_a_deletion_off_without_the_mail() {
    configured_on_both_engines(with_grace, async |app| {
        let token = app.administrator().await;
        let (anna, login) = app.signed_in("anna").await;
        let id = anna.id;
        let theirs = login["token"].as_str().unwrap();
        assert_eq!(app.delete("/me", As::Token(theirs)).await.status, 200);
        let link = app.last_mail().await.token();
        let path = format!("/users/{id}");
        let delete_after = async || app.get(&path, As::Token(&token)).await.json()["data"]["delete_after"].clone();
        assert_eq!(delete_after().await, "2020-03-22T03:30:00Z");

        let undelete = async |path: &str| app.call("POST", path, As::Token(&token), None).await;
        let answer = undelete(&format!("/users/{id}/undelete")).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":null}"#);
        assert_eq!(delete_after().await, Value::Null);
        assert_eq!(app.log_in("anna").await.status, 200);
        assert_eq!(app.get("/me", As::Token(theirs)).await.error(), "401 token_revoked", "what was ended stays so");
        let cancelled = app.post("/me/deletion/cancel", json!({"token": link})).await;
        assert_eq!(cancelled.error(), "400 code_invalid", "the link is over");

        // Nothing is pending any more: nothing happens, and nothing is told.
        assert_eq!(undelete(&format!("/users/{id}/undelete")).await.status, 200);
        assert_eq!(calls_off(&app).await, ["user.deletion_cancelled user"]);
        assert_eq!(mails(&app).await, 1, "the one of the request");
        app.advance(WEEK).await;
        app.doorward.keep_house().await.unwrap();
        assert_eq!(app.log_in("anna").await.status, 200);
        assert!(!doorward_core::user::undelete(&app.doorward, id).await.unwrap());
    });
}

#[test]
fn once_the_time_is_over_there_is_nobody_left() {
    configured_on_both_engines(with_grace, async |app| {
        app.administrator().await;
        let (anna, login) = app.signed_in("anna").await;
        app.delete("/me", As::Token(login["token"].as_str().unwrap())).await;
        app.advance(WEEK).await;
        app.doorward.keep_house().await.unwrap();
        let token = app.token_of("root").await;
        let answer = app.call("POST", &format!("/users/{}/undelete", anna.id), As::Token(&token), None).await;
        assert_eq!(answer.error(), "404 user_not_found");
        assert_eq!(calls_off(&app).await, Vec::<String>::new());
    });
}
