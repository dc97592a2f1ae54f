//! `POST /confirm`, `POST /confirm/resend`

use doorward_core::{
    one_time_code::{self, Purpose},
    user,
};
use insta::assert_snapshot;
use serde_json::json;

use crate::{
    app::{As, PASSWORD, TestApp, configured_on_both_engines, on_both_engines},
    register::register,
};

async fn by_link(app: &TestApp, token: &str) -> String {
    let answer = app.post("/confirm", json!({"token": token})).await;
    if answer.status == 200 { "200".into() } else { answer.error() }
}

async fn by_code(app: &TestApp, email: &str, code: &str) -> String {
    let answer = app.post("/confirm", json!({"email": email, "code": code})).await;
    if answer.status == 200 { "200".into() } else { answer.error() }
}

fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

#[test]
fn where_login_asks_for_it_an_account_is_good_once_it_is_confirmed() {
    configured_on_both_engines(
        |settings| settings.login.require_confirmed = true,
        async |app| {
            register(&app, "alice", "alice@example.com").await;
            assert_eq!(app.log_in("alice").await.error(), "403 email_not_confirmed");
            let wrong_password = app.post("/login", json!({"username": "alice", "password": "another one"})).await;
            assert_eq!(wrong_password.error(), "401 invalid_credentials");
            let answer = app.post("/confirm", json!({"token": app.last_mail().await.token()})).await;
            assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"confirmed":true}}"#);
            assert_eq!(app.log_in("alice").await.status, 200);
            let user =
                user::find_for_login(app.doorward.database().reads(), "alice@example.com").await.unwrap().unwrap();
            assert_eq!((user.confirmed, user.confirm_by, user.pending_email), (Some(true), None, None));
            assert_eq!(user.avatar_hash.as_deref(), Some(user::avatar_hash("alice@example.com").as_str()));
        },
    );
}

#[test]
fn b4_a_link_and_a_code_are_good_once_and_for_a_time() {
    on_both_engines(async |app| {
        register(&app, "alice", "alice@example.com").await;
        let mail = app.last_mail().await;
        assert_eq!(by_code(&app, "Alice@EXAMPLE.com", &mail.code()).await, "200");
        assert_eq!(by_code(&app, "alice@example.com", &mail.code()).await, "400 code_invalid");
        assert_eq!(by_link(&app, &mail.token()).await, "400 code_invalid");

        register(&app, "bob", "bob@example.com").await;
        let mail = app.last_mail().await;
        app.advance(600).await;
        assert_eq!(by_code(&app, "bob@example.com", &mail.code()).await, "400 code_invalid");
        app.advance(24 * 3_600 - 601).await;
        assert_eq!(by_link(&app, &mail.token()).await, "200");

        register(&app, "carol", "carol@example.com").await;
        let mail = app.last_mail().await;
        app.advance(24 * 3_600).await;
        let answer = app.post("/confirm", json!({"token": mail.token()})).await;
        assert_snapshot!(answer.shown(), @r#"400 {"code":400,"message":"The link or code is not valid any more. Ask for another.","data":null,"error":"code_invalid"}"#);
    });
}

#[test]
fn b4_guesses_are_counted_and_the_link_stays_good() {
    on_both_engines(async |app| {
        register(&app, "alice", "alice@example.com").await;
        let mail = app.last_mail().await;
        for _ in 0..5 {
            assert_eq!(by_code(&app, "alice@example.com", &wrong(&mail.code())).await, "400 code_invalid");
        }
        assert_eq!(by_code(&app, "alice@example.com", &mail.code()).await, "400 code_invalid");
        assert_eq!(by_link(&app, &mail.token()).await, "200");
    });
}

#[test]
fn c2_nothing_else_stands_in_for_a_link() {
    on_both_engines(async |app| {
        let user = app.user("bob").await;
        let login = app.log_in("bob").await.json();
        let transaction = app.doorward.database().begin().await.unwrap();
        let purpose = Purpose::ResetPassword;
        let reset =
            one_time_code::issue_within(&app.doorward, &transaction, user.id, purpose, None, purpose.lifetimes()).await;
        transaction.commit().await.unwrap();
        let reset = reset.unwrap().link_token;
        register(&app, "alice", "alice@example.com").await;
        let token = app.last_mail().await.token();
        for other in [
            login["token"].as_str().unwrap(),
            login["refresh_token"].as_str().unwrap(),
            &reset,
            &token.replace("dwo_", "dwi_"),
            &format!("{token} "),
            &format!("{token}="),
            &token[..token.len() - 1],
            "",
            "\0",
        ] {
            assert_eq!(by_link(&app, other).await, "400 code_invalid", "{other:?}");
        }
        assert_eq!(app.get("/me", As::Token(&token)).await.status, 401);
        assert_eq!(by_link(&app, &token).await, "200");
    });
}

#[test]
fn of_two_who_wait_for_one_address_the_first_to_confirm_has_it() {
    on_both_engines(async |app| {
        register(&app, "alice", "alice@example.com").await;
        let first = app.last_mail().await;
        register(&app, "mallory", "alice@example.com").await;
        let second = app.last_mail().await;
        // Both codes came to the same mailbox.
        assert_eq!(by_code(&app, "alice@example.com", &first.code()).await, "200");
        assert_eq!(by_link(&app, &second.token()).await, "400 code_invalid");
        let owner = user::find_by_email(app.doorward.database().reads(), "alice@example.com").await.unwrap().unwrap();
        assert_eq!(owner.username.as_deref(), Some("alice"));
    });
}

#[test]
fn f1_what_is_no_confirmation_is_refused_by_name() {
    on_both_engines(async |app| {
        let field = async |body| {
            let answer = app.post("/confirm", body).await.json();
            format!("{} {}", answer["errors"][0]["field"], answer["errors"][0]["error"]).replace('"', "")
        };
        assert_eq!(field(json!({})).await, "token required");
        assert_eq!(field(json!({"email": "a@example.com"})).await, "code required");
        assert_eq!(field(json!({"code": "12345678"})).await, "email required");
        assert_eq!(field(json!({"token": 7})).await, "token wrong_type");
        assert_eq!(field(json!({"token": "x", "email": "a@example.com"})).await, "email unknown_field");
        for (email, code) in
            [("\0", "12345678"), ("a@example.com", "\0"), (&"x".repeat(60_000), "1"), ("", ""), ("a@example.com", "x")]
        {
            assert_eq!(by_code(&app, email, code).await, "400 code_invalid");
        }
        let resend = async |email: &str| app.post("/confirm/resend", json!({"email": email})).await.status.as_u16();
        assert_eq!((resend("no address").await, resend("a@b\0").await, resend("").await), (400, 400, 400));
    });
}

#[test]
fn a3_resend_answers_the_same_whoever_is_asked_for() {
    on_both_engines(async |app| {
        app.user("owner").await;
        register(&app, "alice", "alice@example.com").await;
        app.advance(60).await;
        let mails = app.mails().await.len();
        let of = async |email: &str| {
            let answer = app.post("/confirm/resend", json!({"email": email})).await;
            (answer.shown().replace(email, "…"), answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>())
        };
        let known = of("alice@example.com").await;
        assert_snapshot!(known.0, @r#"200 {"code":200,"message":null,"data":{"email":"…"}}"#);
        assert_eq!(app.mails().await.len(), mails + 1);
        assert_eq!(of("owner@example.com").await, known);
        assert_eq!(of("nobody@example.com").await, known);
        assert_eq!(app.mails().await.len(), mails + 1, "nobody else is mailed");
    });
}

#[test]
fn b4_a_newer_code_ends_the_older_and_comes_once_a_minute_at_most() {
    on_both_engines(async |app| {
        register(&app, "alice", "alice@example.com").await;
        let older = app.last_mail().await;
        let resend = async || app.post("/confirm/resend", json!({"email": "ALICE@example.com"})).await;
        app.advance(59).await;
        resend().await;
        assert_eq!(app.mails().await.len(), 1, "a minute is not over");
        app.advance(1).await;
        resend().await;
        let newer = app.last_mail().await;
        assert_eq!((app.mails().await.len(), newer.recipient.as_str()), (2, "alice@example.com"));
        assert_eq!(by_link(&app, &older.token()).await, "400 code_invalid");
        assert_eq!(by_code(&app, "alice@example.com", &older.code()).await, "400 code_invalid");
        assert_eq!(by_link(&app, &newer.token()).await, "200");
        app.advance(60).await;
        resend().await;
        assert_eq!(app.mails().await.len(), 2, "it is confirmed");
    });
}

#[test]
fn each_who_waits_for_an_address_gets_a_code_again_in_turn() {
    on_both_engines(async |app| {
        register(&app, "alice", "alice@example.com").await;
        app.advance(1).await;
        register(&app, "mallory", "alice@example.com").await;
        app.advance(60).await;
        let login = json!({"username": "alice", "password": PASSWORD});
        assert_eq!(app.post("/login", login).await.status, 200);
        app.post("/confirm/resend", json!({"email": "alice@example.com"})).await;
        by_link(&app, &app.last_mail().await.token()).await;
        let owner = user::find_by_email(app.doorward.database().reads(), "alice@example.com").await.unwrap().unwrap();
        assert_eq!(owner.username.as_deref(), Some("alice"), "hers was the oldest");
    });
}
