//! `POST /me/email`, `POST /me/email/undo`

use doorward_core::{Error, database::UserId, user};
use serde_json::json;

use crate::{
    app::{As, PASSWORD, TestApp, on_both_engines},
    password::{ANOTHER, last_token, log_in_with, mails, post_as, sent},
};

async fn ask(app: &TestApp, token: &serde_json::Value, email: &str) -> String {
    post_as(app, "/me/email", As::Bearer(token.as_str().unwrap()), json!({"email": email})).await.error()
}

async fn read(app: &TestApp, id: UserId) -> user::User {
    user::find_by_id(app.doorward.database().reads(), id).await.unwrap().unwrap()
}

#[test]
fn a_change_counts_once_it_is_confirmed_at_the_new_address_and_the_old_one_can_undo_it() {
    on_both_engines(async |app| {
        let (alice, login) = app.signed_in("alice").await;
        assert_eq!(ask(&app, &login["token"], "new@example.net").await, "200 ");
        assert_eq!(read(&app, alice.id).await.email.as_deref(), Some("alice@example.com"));
        let mail = mails(&app).await.pop().unwrap();
        assert_eq!((mail.template.as_str(), mail.recipient.as_str()), ("confirm_new_email", "new@example.net"));
        assert_eq!((mail.variables["hours"].as_i64(), mail.variables["minutes"].as_i64()), (Some(24), Some(10)));
        assert_eq!(user::confirm_new_email(&app.doorward, mail.token()).await.unwrap(), alice.id);
        assert!(matches!(user::confirm_new_email(&app.doorward, mail.token()).await, Err(Error::CodeInvalid)));

        let changed = read(&app, alice.id).await;
        assert_eq!(changed.email.as_deref(), Some("new@example.net"));
        assert_eq!(changed.email_key.as_deref(), Some("new@example.net"));
        assert_eq!(changed.confirmed, Some(true));
        assert_eq!(changed.avatar_hash.as_deref(), Some(user::avatar_hash("new@example.net").as_str()));
        assert_eq!(log_in_with(&app, "new@example.net", PASSWORD).await, "200 ");
        let told = mails(&app).await.pop().unwrap();
        assert_eq!((told.template.as_str(), told.recipient.as_str()), ("email_changed", "alice@example.com"));
        assert_eq!(told.variables["days"], 7);

        app.advance(7 * 24 * 3_600 - 1).await;
        let token = app.log_in("alice").await.json()["token"].as_str().unwrap().to_owned();
        let undo = app.post("/me/email/undo", json!({"token": told.token()})).await;
        assert_eq!(undo.status, 200, "{}", undo.text);
        assert_eq!(read(&app, alice.id).await.email.as_deref(), Some("alice@example.com"));
        assert_eq!(app.get("/me", As::Token(&token)).await.error(), "401 token_revoked");
        let reset = mails(&app).await.pop().unwrap();
        assert_eq!((reset.template.as_str(), reset.recipient.as_str()), ("reset_password", "alice@example.com"));
        let again = app.post("/me/email/undo", json!({"token": told.token()})).await;
        assert_eq!(again.error(), "400 code_invalid");
        let body = json!({"token": reset.token(), "new_password": ANOTHER});
        assert_eq!(app.post("/password/reset", body).await.status, 200);
    });
}

#[test]
fn an_undo_ends_after_seven_days() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        ask(&app, &login["token"], "new@example.net").await;
        user::confirm_new_email(&app.doorward, &last_token(&app).await).await.unwrap();
        let undo = last_token(&app).await;
        app.advance(7 * 24 * 3_600).await;
        assert_eq!(app.post("/me/email/undo", json!({"token": undo})).await.error(), "400 code_invalid");
    });
}

#[test]
fn a_thief_who_changes_the_address_twice_does_not_shut_the_owner_out() {
    on_both_engines(async |app| {
        let (alice, login) = app.signed_in("alice").await;
        for email in ["thief@example.net", "thief@example.org"] {
            app.advance(60).await;
            assert_eq!(ask(&app, &login["token"], email).await, "200 ");
            user::confirm_new_email(&app.doorward, &last_token(&app).await).await.unwrap();
        }
        let told = mails(&app).await.pop().unwrap();
        assert_eq!(told.recipient, "alice@example.com");
        assert_eq!(app.post("/me/email/undo", json!({"token": told.token()})).await.status, 200);
        assert_eq!(read(&app, alice.id).await.email.as_deref(), Some("alice@example.com"));
    });
}

#[test]
fn a3_an_address_that_another_has_gets_the_same_answer_and_no_mail() {
    on_both_engines(async |app| {
        app.user("bob").await;
        let (_, login) = app.signed_in("alice").await;
        let ask = async |email: &str| {
            post_as(&app, "/me/email", As::Bearer(login["token"].as_str().unwrap()), json!({"email": email})).await
        };
        let taken = ask("BOB@example.com").await;
        assert_eq!(sent(&app).await, Vec::<String>::new());
        app.advance(60).await;
        let free = ask("free@example.com").await;
        assert_eq!(taken.shown(), free.shown());
        assert_eq!(sent(&app).await, ["confirm_new_email → free@example.com"]);
        // Taken by the time of the confirmation.
        app.sql("UPDATE users SET email = 'free@example.com', email_key = 'free@example.com' WHERE username = 'bob'")
            .await;
        let confirmed = user::confirm_new_email(&app.doorward, &last_token(&app).await).await;
        assert!(matches!(confirmed, Err(Error::EmailTaken)), "{confirmed:?}");
    });
}

#[test]
fn e4_the_password_or_a_fresh_sign_in_is_asked_for() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        app.advance(300).await;
        assert_eq!(ask(&app, &login["token"], "new@example.net").await, "403 fresh_login_required");
        let with = async |password: &str| {
            let body = json!({"email": "new@example.net", "password": password});
            post_as(&app, "/me/email", As::Bearer(login["token"].as_str().unwrap()), body).await.error()
        };
        assert_eq!(with("wrong").await, "401 invalid_credentials");
        assert_eq!(with(PASSWORD).await, "200 ");
        assert_eq!(with(PASSWORD).await, "429 too_many_tries");
    });
}

#[test]
fn b4_the_typed_code_is_the_users_own_and_is_tried_five_times() {
    on_both_engines(async |app| {
        let bob = app.user("bob").await;
        let (alice, login) = app.signed_in("alice").await;
        ask(&app, &login["token"], "new@example.net").await;
        let code = mails(&app).await.pop().unwrap().variables["code"].as_str().unwrap().to_owned();
        let typed = async |user, code: &str| user::confirm_new_email_typed(&app.doorward, user, code).await;
        assert!(matches!(typed(bob.id, &code).await, Err(Error::CodeInvalid)));
        let wrong = if code == "00000000" { "11111111" } else { "00000000" };
        for _ in 0..4 {
            assert!(matches!(typed(alice.id, wrong).await, Err(Error::CodeInvalid)));
        }
        assert_eq!(typed(alice.id, &code).await.unwrap(), alice.id);
    });
}

#[test]
fn what_is_no_address_is_told_by_field() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        for email in ["x", "a@b\r\nBcc: c@d", "alice@example.com", ""] {
            assert_eq!(ask(&app, &login["token"], email).await, "400 invalid_fields", "{email:?}");
        }
        let long = format!("{}@example.com", "x".repeat(60));
        assert_eq!(ask(&app, &login["token"], &long).await, "400 invalid_fields");
        assert_eq!(sent(&app).await, Vec::<String>::new());
    });
}
