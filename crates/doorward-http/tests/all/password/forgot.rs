//! `POST /password/forgot`

use doorward_core::password;
use insta::assert_snapshot;
use serde_json::json;

use super::{mails, sent};
use crate::app::{configured_on_both_engines, on_both_engines};

#[test]
fn a3_known_and_unknown_get_one_answer_and_the_mail_goes_to_the_outbox() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let disabled = app.user("disabled").await;
        doorward_core::user::disable(&app.doorward, disabled.id).await.unwrap();
        app.sql("INSERT INTO users (username) VALUES ('unmailed')").await;
        app.catch_up().await;
        let known = app.post("/password/forgot", json!({"username": "alice"})).await;
        assert_snapshot!(known.shown(), @r#"200 {"code":200,"message":null,"data":null}"#);
        for other in ["nobody", "disabled", "unmailed", "nobody@example.com", "%"] {
            let answer = app.post("/password/forgot", json!({"username": other})).await;
            assert_eq!(answer.shown(), known.shown(), "{other}");
            assert_eq!(answer.headers.len(), known.headers.len());
        }
        assert_eq!(sent(&app).await, ["reset_password → alice@example.com"]);
    });
}

#[test]
fn f5_the_link_is_made_from_the_configured_address() {
    configured_on_both_engines(
        |settings| settings.public_url = Some("https://users.example.com/app".into()),
        async |app| {
            app.user("alice").await;
            let request = crate::app::request(http::Method::POST, "/password/forgot", crate::app::As::Nobody);
            let request = request
                .header("content-type", "application/json")
                .header("x-forwarded-host", "evil.example")
                .header("forwarded", "host=evil.example");
            let mut request = request.body(r#"{"username":"ALICE@example.com"}"#.into()).unwrap();
            request.headers_mut().insert("host", "users.example.com".parse().unwrap());
            assert_eq!(app.send(request).await.status, 200);
            let mails = mails(&app).await;
            let link = mails[0].variables["link"].as_str().unwrap();
            assert!(link.starts_with("https://users.example.com/app/account/password/reset#dwo_"), "{link}");
            assert_eq!(mails[0].variables["minutes"], 30);
        },
    );
}

#[test]
fn who_asks_again_at_once_is_not_mailed_again() {
    on_both_engines(async |app| {
        app.user("alice").await;
        for _ in 0..5 {
            app.post("/password/forgot", json!({"username": "alice"})).await;
        }
        assert_eq!(sent(&app).await.len(), 1);
        app.advance(61).await;
        app.post("/password/forgot", json!({"username": "alice"})).await;
        let mails = mails(&app).await;
        assert_eq!(mails.len(), 2);
        let reset = async |token: &str| {
            app.post("/password/reset", json!({"token": token, "new_password": super::ANOTHER})).await.error()
        };
        assert_eq!(reset(mails[0].token()).await, "400 code_invalid", "an older link dies with a newer one");
        assert_eq!(reset(mails[1].token()).await, "200 ");
    });
}

#[test]
fn e5_an_administrator_starts_a_reset_and_does_not_learn_the_link() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        password::start_reset(&app.doorward, user.id).await.unwrap();
        assert_eq!(sent(&app).await, ["reset_password → alice@example.com"]);
        assert_eq!(app.log_in("alice").await.status, 200, "what the user has goes on until the link is used");
    });
}

#[test]
fn what_is_no_request_is_told_by_field() {
    on_both_engines(async |app| {
        let told = async |body| app.post("/password/forgot", body).await.shown();
        assert_snapshot!(told(json!({})).await, @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"required","field":"username","message":"This field is required."}]}"#);
        assert_snapshot!(told(json!({"username": "a\0"})).await, @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"invalid_characters","field":"username","message":"This field holds a character that can't be used."}]}"#);
        assert_eq!(
            app.post("/password/forgot", json!({"username": "a".repeat(257)})).await.error(),
            "400 invalid_fields"
        );
    });
}
