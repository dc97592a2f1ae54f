//! `/users/{id}` and what is beneath it.

use insta::assert_snapshot;
use serde_json::json;

use super::{mails, names};
use crate::app::{As, configured_on_both_engines, on_both_engines};

#[test]
fn an_administrator_changes_what_a_user_shows() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let id = app.user("anna").await.id;
        app.sql("UPDATE users SET avatar_hash = 'of the old address', location = 'Xi''an'").await;
        let path = format!("/users/{id}");
        let change = json!({
            "username": "Anna", "email": "anna@example.org", "name": "Anna B.", "location": null, "language": "zh",
            "must_change_password": true,
        });
        let answer = app.call("PATCH", &path, As::Token(&token), Some(change)).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":{"id":2,"username":"Anna","email":"anna@example.org","confirmed":false,"name":"Anna B.","location":null,"about_me":null,"member_since":"2020-03-15T03:30:00Z","last_seen":"2020-03-15T03:30:00Z","avatar_hash":"7771093713556e85d7a876c08cb5bb63","language":"zh","disabled":false,"disabled_at":null,"disabled_until":null,"disabled_reason":null,"delete_after":null,"must_change_password":true,"service":false,"roles":[]}}"#);
        assert_eq!(app.get(&path, As::Token(&token)).await.text, answer.text);
        assert_eq!(app.call("PATCH", &path, As::Token(&token), Some(json!({}))).await.text, answer.text);
        for (change, wanted) in [
            (json!({"username": "ROOT"}), "409 username_taken"),
            (json!({"email": "root@example.com"}), "409 email_taken"),
            (json!({"username": null}), "400 invalid_fields"),
            (json!({"email": "a@b@c"}), "400 invalid_fields"),
            (json!({"name": "x".repeat(65)}), "400 invalid_fields"),
            (json!({"location": "a\u{0}b"}), "400 invalid_fields"),
            (json!({"language": "tlh"}), "400 invalid_fields"),
        ] {
            let refused = app.call("PATCH", &path, As::Token(&token), Some(change.clone())).await;
            assert_eq!(refused.error(), wanted, "{change}");
        }
        assert_eq!(app.get(&path, As::Token(&token)).await.text, answer.text);
    });
}

#[test]
fn a_change_that_is_bound_to_what_was_read_fails_once_that_has_changed() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let (user, login) = app.signed_in("anna").await;
        let id = user.id;
        let path = format!("/users/{id}");
        let etag = async || app.get(&path, As::Token(&token)).await.header("etag").to_owned();
        let read = etag().await;
        let theirs = login["token"].as_str().unwrap();
        assert_eq!(app.get("/me", As::Token(theirs)).await.header("etag"), read, "one state, one validator");

        let changed = app.patch_if("/me", theirs, &read, json!({"name": "Anna"})).await;
        assert_eq!(changed.status, 200);
        let late = app.patch_if(&path, &token, &read, json!({"name": "B"})).await;
        assert_eq!(late.error(), "412 precondition_failed");
        let newer = changed.header("etag").to_owned();
        let in_time = app.patch_if(&path, &token, &newer, json!({"must_change_password": true})).await;
        assert_eq!((in_time.status.as_u16(), in_time.header("etag")), (200, etag().await.as_str()));
        assert_ne!(in_time.header("etag"), newer, "the column is shown to administrators");
        assert_eq!(app.patch_if(&path, &token, "*", json!({"name": "C"})).await.status, 200);
        assert_eq!(app.patch_if("/users/7", &token, "*", json!({"name": "C"})).await.error(), "404 user_not_found");

        let read = etag().await;
        doorward_core::user::disable(&app.doorward, id).await.unwrap();
        assert_ne!(etag().await, read);
        doorward_core::user::enable(&app.doorward, id).await.unwrap();
        assert_eq!(etag().await, read, "it is as it was read");
        assert_eq!(app.call("PATCH", &path, As::Token(&token), Some(json!({"name": "D"}))).await.status, 200);
    });
}

#[test]
fn if_match_is_asked_for_where_that_is_configured() {
    let configure = |settings: &mut doorward_core::settings::Settings| settings.account.require_if_match = true;
    configured_on_both_engines(configure, async |app| {
        let token = app.administrator().await;
        let path = format!("/users/{}", app.user("anna").await.id);
        let refused = app.call("PATCH", &path, As::Token(&token), Some(json!({"name": "A"}))).await;
        assert_eq!(refused.error(), "428 precondition_required");
        let etag = app.get(&path, As::Token(&token)).await.header("etag").to_owned();
        assert_eq!(app.patch_if(&path, &token, &etag, json!({"name": "A"})).await.status, 200);
    });
}

#[test]
fn e6_f6_what_is_no_users_id_names_nobody() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        for id in [
            "0",
            "7",
            "-1",
            "+1",
            "01",
            "1.0",
            "1e0",
            "x",
            "9223372036854775807",
            "9223372036854775808",
            "%00",
            "%FF",
            "1%20",
        ] {
            for (method, path, body) in [
                ("GET", format!("/users/{id}"), None),
                ("PATCH", format!("/users/{id}"), Some(json!({"name": "x"}))),
                ("DELETE", format!("/users/{id}"), None),
                ("POST", format!("/users/{id}/disable"), Some(json!({}))),
                ("POST", format!("/users/{id}/enable"), None),
                ("POST", format!("/users/{id}/undelete"), None),
                ("POST", format!("/users/{id}/logout"), None),
                ("POST", format!("/users/{id}/reset-password"), Some(json!({}))),
                ("GET", format!("/users/{id}/roles"), None),
                ("POST", format!("/users/{id}/roles"), Some(json!({"role": "admin"}))),
                ("GET", format!("/users/{id}/sessions"), None),
                ("DELETE", format!("/users/{id}/sessions"), None),
            ] {
                let answer = app.call(method, &path, As::Token(&token), body).await;
                assert_eq!(answer.error(), "404 user_not_found", "{method} {path}");
            }
        }
    });
}

#[test]
fn a_disabling_ends_sessions_at_once_and_itself_in_time() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let (user, login) = app.signed_in("anna").await;
        let id = user.id;
        let path = format!("/users/{id}");
        let body = json!({"reason": "a holiday", "until": "2020-03-15T04:30:00+00:30"});
        let disable = format!("/users/{id}/disable");
        let answer = app.call("POST", &disable, As::Token(&token), Some(body)).await;
        assert_snapshot!(answer.shown(), @r#"200 {"code":200,"message":null,"data":null}"#);
        let theirs = login["token"].as_str().unwrap();
        assert_eq!(app.get("/me", As::Token(theirs)).await.error(), "401 token_revoked");
        assert_eq!(app.log_in("anna").await.error(), "403 account_disabled");
        let shown = app.get(&path, As::Token(&token)).await.json();
        assert_eq!(shown["data"]["disabled_reason"], "a holiday");
        assert_eq!(shown["data"]["disabled_until"], "2020-03-15T04:00:00Z");

        app.clock.advance(30 * 60);
        app.catch_up().await;
        assert_eq!(app.get("/me", As::Token(theirs)).await.error(), "401 token_revoked", "what was ended stays so");
        assert_eq!(app.log_in("anna").await.status, 200, "before any housekeeping");
        assert_eq!(app.get(&path, As::Token(&token)).await.json()["data"]["disabled"], false);
        app.doorward.keep_house().await.unwrap();
        let user = doorward_core::user::find_by_id(app.doorward.database().reads(), id).await.unwrap().unwrap();
        assert_eq!((user.disabled_at, user.disabled_until, user.disabled_reason), (None, None, None));

        for (body, field) in [
            (json!({"until": "2020-03-15T03:30:00Z"}), "until"),
            (json!({"until": "tomorrow"}), "until"),
            (json!({"until": 7}), "until"),
            (json!({"reason": "x".repeat(257)}), "reason"),
            (json!({"reason": "a\nb"}), "reason"),
        ] {
            let refused = app.call("POST", &disable, As::Token(&token), Some(body)).await;
            assert_eq!(refused.error(), "400 invalid_fields");
            assert_eq!(refused.json()["errors"][0]["field"], field);
        }
        app.call("POST", &disable, As::Token(&token), Some(json!({}))).await;
        app.advance(400 * 24 * 60 * 60).await;
        assert_eq!(app.log_in("anna").await.error(), "403 account_disabled", "without an end there is none");
        let root = app.token_of("root").await;
        assert_eq!(app.call("POST", &format!("/users/{id}/enable"), As::Token(&root), None).await.status, 200);
        assert_eq!(app.log_in("anna").await.status, 200);
    });
}

#[test]
fn an_administrator_sees_and_ends_sessions() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let (user, login) = app.signed_in("anna").await;
        let id = user.id;
        let theirs = login["token"].as_str().unwrap();
        let sessions = app.get(&format!("/users/{id}/sessions"), As::Token(&token)).await.json();
        let session = &sessions["data"]["sessions"][0];
        assert_eq!(session["address"], "127.0.0.1");
        assert_eq!(session["user_agent"], "curl/8.0");
        assert_eq!(session["created_at"], "2020-03-15T03:30:00Z");
        let (logout, sessions) = (format!("/users/{id}/logout"), format!("/users/{id}/sessions"));
        let end = async |method: &'static str, path: &str| {
            app.call(method, path, As::Token(&token), None).await.json()["data"]["ended"].clone()
        };
        assert_eq!(end("POST", &logout).await, 1);
        assert_eq!(app.get("/me", As::Token(theirs)).await.error(), "401 token_revoked");
        app.advance(1).await;
        app.log_in("anna").await;
        assert_eq!(end("DELETE", &sessions).await, 1);
        assert_eq!(end("DELETE", &sessions).await, 0);
    });
}

#[test]
fn e5_an_administrator_starts_a_reset_and_chooses_no_password() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let id = app.user("anna").await.id;
        let path = format!("/users/{id}/reset-password");
        let refused = app.call("POST", &path, As::Token(&token), Some(json!({"password": "of my choice"}))).await;
        assert_eq!(refused.json()["errors"][0]["error"], "unknown_field");
        assert_eq!(mails(&app).await, 0);
        let body = json!({"must_change_password": true});
        assert_eq!(app.call("POST", &path, As::Token(&token), Some(body)).await.status, 200);
        assert_eq!(mails(&app).await, 1);
        let shown = app.get(&format!("/users/{id}"), As::Token(&token)).await.json();
        assert_eq!(shown["data"]["must_change_password"], true);
        app.sql("UPDATE users SET email = NULL WHERE username = 'anna'").await;
        let refused = app.call("POST", &path, As::Token(&token), Some(json!({}))).await;
        assert_eq!(refused.json()["errors"][0]["field"], "email");
    });
}

#[test]
fn a_role_is_granted_and_taken_and_counts_in_tokens_of_before() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let (user, login) = app.signed_in("anna").await;
        let id = user.id;
        let theirs = login["token"].as_str().unwrap();
        let path = format!("/users/{id}/roles");
        assert_eq!(app.get("/users", As::Token(theirs)).await.error(), "403 role_required");
        let granted = app.call("POST", &path, As::Token(&token), Some(json!({"role": "admin"}))).await;
        assert_snapshot!(granted.shown(), @r#"200 {"code":200,"message":null,"data":{"roles":["admin"]}}"#);
        assert_eq!(app.get(&path, As::Token(theirs)).await.json()["data"]["roles"], json!(["admin"]));
        let name = "admin";
        let take = format!("/users/{id}/roles/{name}");
        assert_eq!(app.call("DELETE", &take, As::Token(&token), None).await.json()["data"]["roles"], json!([]));
        assert_eq!(app.call("DELETE", &take, As::Token(&token), None).await.error(), "404 role_not_found");
        assert_eq!(app.get("/users", As::Token(theirs)).await.error(), "403 role_required");
        let refused = app.call("POST", &path, As::Token(&token), Some(json!({"role": "nosuch\u{0}"}))).await;
        assert_eq!(refused.error(), "404 role_not_found");
    });
}

#[test]
fn e3_the_last_administrator_stays_whatever_is_tried() {
    on_both_engines(async |app| {
        let token = app.administrator().await;
        let id = 1;
        for (method, path, body) in [
            ("DELETE", format!("/users/{id}"), None),
            ("POST", format!("/users/{id}/disable"), Some(json!({}))),
            ("POST", format!("/users/{id}/disable"), Some(json!({"until": "2020-03-15T03:30:01Z"}))),
            ("DELETE", format!("/users/{id}/roles/admin"), None),
        ] {
            let answer = app.call(method, &path, As::Token(&token), body.clone()).await;
            assert_eq!(answer.error(), "409 last_administrator", "{method} {path} {body:?}");
        }
        assert_eq!(
            app.call("DELETE", "/roles/admin?take_away=true", As::Token(&token), None).await.error(),
            "409 role_protected"
        );
        assert_eq!(names(&app, &token, "?role=admin&disabled=false").await, ["root"]);
        // One who is away for a while is nobody to stay with.
        let other = app.user_with_roles("other", &["admin"]).await.id;
        let body = json!({"until": "2020-03-16T00:00:00Z"});
        assert_eq!(
            app.call("POST", &format!("/users/{other}/disable"), As::Token(&token), Some(body)).await.status,
            200
        );
        assert_eq!(
            app.call("DELETE", &format!("/users/{id}"), As::Token(&token), None).await.error(),
            "409 last_administrator"
        );
        app.advance(24 * 60 * 60).await;
        let token = app.token_of("root").await;
        assert_eq!(app.call("DELETE", &format!("/users/{id}"), As::Token(&token), None).await.status, 200);
    });
}

#[test]
fn e3_two_at_once_can_not_remove_each_other() {
    on_both_engines(async |app| {
        let one = app.user_with_roles("one", &["admin"]).await.id;
        let two = app.user_with_roles("two", &["admin"]).await.id;
        let (first, second) = (app.token_of("one").await, app.token_of("two").await);
        let replica = app.replica(&|_| {}).await;
        let (path_one, path_two) = (format!("/users/{one}"), format!("/users/{two}/disable"));
        let (removed, disabled) = tokio::join!(
            app.call("DELETE", &path_one, As::Token(&second), None),
            replica.call("POST", &path_two, As::Token(&first), Some(json!({"until": "2020-04-01T00:00:00Z"}))),
        );
        let done = [&removed, &disabled].iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{} {}", removed.text, disabled.text);
    });
}
