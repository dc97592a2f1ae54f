//! `GET /invitations`, `POST /invitations`, `DELETE /invitations/{id}`

use doorward_core::{
    settings::{RegistrationMode, Settings},
    user,
};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::app::{Answer, As, PASSWORD, TestApp, configured_on_both_engines, on_both_engines};

fn by_invitation(settings: &mut Settings) {
    settings.registration.mode = RegistrationMode::Invite;
}

async fn administrator(app: &TestApp) -> String {
    app.user_with_roles("chief", &["admin"]).await;
    app.log_in("chief").await.json()["token"].as_str().unwrap().to_owned()
}

async fn invite(app: &TestApp, token: &str, body: Value) -> Value {
    let answer = app.post_as("/invitations", As::Bearer(token), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["data"].clone()
}

async fn register(app: &TestApp, username: &str, invitation: &str) -> Answer {
    let email = format!("{username}@example.com");
    let body = json!({"username": username, "email": email, "password": PASSWORD, "invitation": invitation});
    app.post("/register", body).await
}

#[test]
fn who_is_invited_registers_once_and_has_the_role() {
    configured_on_both_engines(by_invitation, async |app| {
        let token = administrator(&app).await;
        app.sql("INSERT INTO roles (name) VALUES ('editor')").await;
        let uninvited = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD});
        assert_eq!(app.post("/register", uninvited).await.error(), "403 registration_closed");

        let invited = invite(&app, &token, json!({"role": "editor"})).await;
        let code = invited["invitation_code"].as_str().unwrap();
        assert!(code.starts_with("dwi_"));
        assert_eq!(invited["link"], format!("http://127.0.0.1:8080/account/register#{code}"));
        assert_eq!(register(&app, "alice", code).await.status, 200);
        let user = user::find_for_login(app.doorward.database().reads(), "alice").await.unwrap().unwrap();
        assert_eq!(user::roles_of(app.doorward.database().reads(), user.id).await.unwrap(), ["editor"]);
        assert_eq!(register(&app, "bob", code).await.error(), "403 invitation_invalid");

        let list = app.get("/invitations", As::Bearer(&token)).await.json()["data"]["invitations"].clone();
        assert_eq!((&list[0]["id"], &list[0]["user_id"]), (&invited["id"], &json!(user.id.0)));
        assert_eq!(list[0]["invited_by"], 1);
        assert!(!list.to_string().contains(code), "the code is told once");
        let path = format!("/invitations/{}", invited["id"].as_str().unwrap());
        assert_eq!(app.delete(&path, As::Bearer(&token)).await.error(), "404 invitation_not_found");
    });
}

#[test]
fn an_invitation_by_mail_is_for_its_address_which_counts_as_confirmed() {
    configured_on_both_engines(by_invitation, async |app| {
        let token = administrator(&app).await;
        let invited = invite(&app, &token, json!({"email": "Alice@EXAMPLE.com", "expires_in": 86_401})).await;
        assert_eq!((&invited["invitation_code"], &invited["link"]), (&Value::Null, &Value::Null));
        let mail = app.last_mail().await;
        assert_eq!((mail.template.as_str(), mail.recipient.as_str()), ("invitation", "Alice@example.com"));
        assert_eq!((&mail.variables["inviter"], &mail.variables["days"]), (&json!("chief"), &json!(2)));
        let code = mail.token();

        let other = register(&app, "bob", &code).await;
        assert_eq!(other.json()["errors"][0]["error"], "not_allowed");
        let body = json!({"username": "alice", "password": PASSWORD, "invitation": code});
        let answer = app.post("/register", body).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"username":"alice","email":"Alice@example.com","confirmation_needed":false}}"#);
        assert_eq!(app.mails().await.len(), 1, "there is nothing to confirm");
        assert_eq!(app.log_in("alice@example.com").await.status, 200);
        let user = user::find_for_login(app.doorward.database().reads(), "alice").await.unwrap().unwrap();
        assert_eq!((user.confirmed, user.confirm_by), (Some(true), None));

        let again = app.post_as("/invitations", As::Bearer(&token), json!({"email": "alice@example.com"})).await;
        assert_eq!(again.error(), "409 email_taken");
    });
}

#[test]
fn an_invitation_used_by_many_at_once_on_two_replicas_is_good_for_one() {
    configured_on_both_engines(by_invitation, async |app| {
        let other = app.replica(&by_invitation).await;
        let token = administrator(&app).await;
        let invited = invite(&app, &token, json!({})).await;
        let code = invited["invitation_code"].as_str().unwrap().to_owned();
        let clients: Vec<_> = ["ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal"]
            .into_iter()
            .enumerate()
            .map(|(number, name)| {
                let (app, code) = (if number % 2 == 0 { &app } else { &other }.clone(), code.clone());
                tokio::spawn(async move { register(&app, name, &code).await })
            })
            .collect();
        let mut won = 0;
        for client in clients {
            let answer = client.await.unwrap();
            if answer.status == 200 {
                won += 1;
            } else {
                assert_eq!(answer.error(), "403 invitation_invalid");
            }
        }
        assert_eq!(won, 1);
    });
}

#[test]
fn an_invitation_ends_and_can_be_taken_back() {
    on_both_engines(async |app| {
        let token = administrator(&app).await;
        let outdated = invite(&app, &token, json!({"expires_in": 600})).await;
        let revoked = invite(&app, &token, json!({"role": "admin"})).await;
        let path = format!("/invitations/{}", revoked["id"].as_str().unwrap());
        assert_eq!(app.delete(&path, As::Bearer(&token)).await.status, 200);
        assert_eq!(app.delete(&path, As::Bearer(&token)).await.error(), "404 invitation_not_found");
        app.clock.advance(600);
        for invitation in [&outdated, &revoked] {
            let code = invitation["invitation_code"].as_str().unwrap();
            assert_eq!(register(&app, "alice", code).await.error(), "403 invitation_invalid");
        }
        for code in ["dwi_", "dwo_2J5cXGxKq0c1m4Yk8b0o3nq9c8m7f6d5s4a3p2o1i0u", "\0", "x"] {
            assert_eq!(register(&app, "alice", code).await.error(), "403 invitation_invalid", "{code:?}");
        }
    });
}

#[test]
fn only_administrators_invite() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("bob").await;
        let bob = As::Bearer(login["token"].as_str().unwrap());
        assert_eq!(app.get("/invitations", bob).await.error(), "403 role_required");
        assert_eq!(app.post_as("/invitations", bob, json!({"role": "admin"})).await.error(), "403 role_required");
        let id = "01980d3c5a7b7e3f9c1d2e3f4a5b6c7d";
        assert_eq!(app.delete(&format!("/invitations/{id}"), bob).await.error(), "403 role_required");
        assert_eq!(app.get("/invitations", As::Nobody).await.error(), "403 token_missing");
    });
}

#[test]
fn f1_what_is_no_invitation_is_refused() {
    on_both_engines(async |app| {
        let token = administrator(&app).await;
        for (body, wanted) in [
            (json!({"role": "nobody"}), "404 role_not_found"),
            (json!({"role": "a\0b"}), "404 role_not_found"),
            (json!({"email": "no address"}), "400 invalid_fields"),
            (json!({"expires_in": 599}), "400 invalid_fields"),
            (json!({"expires_in": 1e30}), "400 invalid_fields"),
            (json!({"expires_in": -1}), "400 invalid_fields"),
            (json!({"expires_in": "600"}), "400 invalid_fields"),
            (json!({"code": "dwi_x"}), "400 invalid_fields"),
        ] {
            let answer = app.post_as("/invitations", As::Bearer(&token), body.clone()).await;
            assert_eq!(answer.error(), wanted, "{body}");
        }
        for id in ["x", "%00", "..%2f", "00000000000000000000000000000000"] {
            let answer = app.delete(&format!("/invitations/{id}"), As::Bearer(&token)).await;
            assert_eq!(answer.error(), "404 invitation_not_found", "{id}");
        }
    });
}

#[test]
fn where_registration_is_closed_nobody_is_invited() {
    configured_on_both_engines(
        |settings| settings.registration.mode = RegistrationMode::Closed,
        async |app| {
            let token = administrator(&app).await;
            let answer = app.post_as("/invitations", As::Bearer(&token), json!({})).await;
            assert_eq!(answer.error(), "403 registration_closed");
        },
    );
}
