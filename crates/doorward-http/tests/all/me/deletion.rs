//! `DELETE /me` and `POST /me/deletion/cancel`

use doorward_core::{Error, settings::Settings, user};
use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{events, mails, send};
use crate::app::{As, PASSWORD, TestApp, configured_on_both_engines, on_both_engines};

const WEEK: i64 = 7 * 24 * 60 * 60;

fn with_grace(settings: &mut Settings) {
    settings.account.deletion_grace = WEEK.unsigned_abs();
}

async fn delete(app: &TestApp, login: &Value, body: Value) -> crate::app::Answer {
    send(app, Method::DELETE, "/me", As::Token(login["token"].as_str().unwrap()), body).await
}

/// The token behind the `#` of the mailed link.
async fn cancel_token(app: &TestApp) -> String {
    let mail = app.last_mail().await;
    assert_eq!(mail.template, "deletion_requested");
    let link = mail.variables["link"].as_str().unwrap();
    assert!(link.contains("/account/deletion/cancel#") && !link.contains('?'), "{link}");
    mail.token()
}

#[test]
fn without_grace_the_account_is_gone_at_once() {
    on_both_engines(async |app| {
        let (user, login) = app.signed_in("alice").await;
        let answer = delete(&app, &login, Value::Null).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"delete_after":null}}"#);
        assert!(answer.header("set-cookie").contains("Max-Age=0"));
        assert_eq!(app.get("/me", As::Token(login["token"].as_str().unwrap())).await.error(), "401 token_revoked");
        assert_eq!(app.log_in("alice").await.error(), "401 invalid_credentials");
        assert_eq!(mails(&app).await, [("deleted".to_owned(), "alice@example.com".to_owned())]);
        assert_eq!(events(&app, user.id).await.last().unwrap(), "user.deleted");
    });
}

#[test]
fn e4_it_asks_for_recent_proof() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        app.advance(301).await;
        assert_eq!(delete(&app, &login, Value::Null).await.error(), "403 fresh_login_required");
        assert_eq!(delete(&app, &login, json!({"password": "wrong"})).await.error(), "401 invalid_credentials");
        assert_eq!(delete(&app, &login, json!({"password": 1, "id": 2})).await.error(), "400 invalid_fields");
        assert_eq!(app.log_in("alice").await.status, 200, "it is still there");
        assert_eq!(delete(&app, &login, json!({"password": PASSWORD})).await.status, 200);
    });
}

#[test]
fn e3_the_last_administrator_stays() {
    for configure in [|_: &mut _| {}, with_grace] {
        configured_on_both_engines(configure, async |app| {
            let root = app.user_with_roles("root", &["admin"]).await;
            let other = app.user_with_roles("other", &["admin"]).await;
            let login = app.log_in("root").await.json();
            assert_eq!(delete(&app, &login, Value::Null).await.status, 200);
            let login = app.log_in("other").await.json();
            assert_eq!(delete(&app, &login, Value::Null).await.error(), "409 last_administrator");
            assert!(matches!(user::disable(&app.doorward, other.id).await, Err(Error::LastAdministrator)));
            app.advance(WEEK).await;
            app.doorward.keep_house().await.unwrap();
            let left = user::list(app.doorward.database().reads(), None, 10).await.unwrap().users;
            assert_eq!(left.iter().map(|user| user.id).collect::<Vec<_>>(), [other.id], "not {}", root.id);
        });
    }
}

#[test]
fn with_grace_it_happens_later_and_nobody_signs_in_meanwhile() {
    configured_on_both_engines(with_grace, async |app| {
        let (user, login) = app.signed_in("alice").await;
        let answer = delete(&app, &login, Value::Null).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"delete_after":"2020-03-22T03:30:00Z"}}"#);
        assert_eq!(app.get("/me", As::Token(login["token"].as_str().unwrap())).await.error(), "401 token_revoked");
        assert_eq!(events(&app, user.id).await.last().unwrap(), "user.deletion_requested");
        assert_eq!(app.log_in("alice").await.error(), "403 account_disabled");
        assert_eq!(mails(&app).await, [("deletion_requested".to_owned(), "alice@example.com".to_owned())]);

        app.advance(WEEK - 1).await;
        app.doorward.keep_house().await.unwrap();
        assert_eq!(app.log_in("alice").await.error(), "403 account_disabled");
        app.advance(1).await;
        let other = app.replica(&with_grace).await;
        let (one, two) = tokio::join!(user::delete_due(&app.doorward), user::delete_due(&other.doorward));
        assert_eq!(one.unwrap() + two.unwrap(), 1, "one of two replicas deletes it");
        assert_eq!(app.log_in("alice").await.error(), "401 invalid_credentials");
        assert_eq!(events(&app, user.id).await.last().unwrap(), "user.deleted");
        assert_eq!(mails(&app).await.last().unwrap().0, "deleted");
    });
}

#[test]
fn the_link_of_the_mail_calls_it_off_once() {
    configured_on_both_engines(with_grace, async |app| {
        let (user, login) = app.signed_in("alice").await;
        delete(&app, &login, Value::Null).await;
        let token = cancel_token(&app).await;
        let cancel = async |token: &str| app.post("/me/deletion/cancel", json!({"token": token})).await;
        assert_eq!(cancel("dwo_x").await.error(), "400 code_invalid");
        assert_snapshot!(cancel(&token).await.shown(), @r#"200 {"code":200,"message":null,"data":null}"#);
        assert_eq!(cancel(&token).await.error(), "400 code_invalid");
        assert_eq!(app.log_in("alice").await.status, 200);
        app.advance(WEEK).await;
        app.doorward.keep_house().await.unwrap();
        assert_eq!(app.log_in("alice").await.status, 200, "nothing is left of it");
        assert!(events(&app, user.id).await.contains(&"user.deletion_cancelled".to_owned()));
    });
}
