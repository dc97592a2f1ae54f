//! `PATCH /me`

use std::io::Write as _;

use doorward_core::settings::Settings;
use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{events, send};
use crate::app::{Answer, As, TestApp, configured_on_both_engines, on_both_engines};

async fn patch(app: &TestApp, login: &Value, body: Value) -> Answer {
    send(app, Method::PATCH, "/me", As::Token(login["token"].as_str().unwrap()), body).await
}

async fn patch_if(app: &TestApp, login: &Value, etag: &str, body: Value) -> Answer {
    app.patch_if("/me", login["token"].as_str().unwrap(), etag, body).await
}

#[test]
fn what_is_named_changes_and_null_clears() {
    on_both_engines(async |app| {
        let (user, login) = app.signed_in("alice").await;
        let body = json!({"name": "Älice 🔥", "location": "Shanghai", "about_me": "two\nlines", "language": "zh"});
        assert_snapshot!(patch(&app, &login, body).await.shown(), @r#"200 {"code":200,"message":null,"data":{"id":1,"username":"alice","email":"alice@example.com","pending_email":null,"confirmed":true,"name":"Älice 🔥","location":"Shanghai","about_me":"two\nlines","member_since":"2020-03-15T03:30:00Z","last_seen":"2020-03-15T03:30:00Z","avatar_hash":"c160f8cc69a4f0bf2b0362752353d060","roles":[],"language":"zh","extra":null}}"#);
        let answer = patch(&app, &login, json!({"location": null, "username": "Alice2"})).await.json();
        assert_eq!((&answer["data"]["location"], &answer["data"]["name"]), (&Value::Null, &json!("Älice 🔥")));
        assert_eq!(app.log_in("ALICE2").await.status, 200);
        assert_eq!(app.log_in("alice").await.error(), "401 invalid_credentials");
        let before = events(&app, user.id).await.len();
        patch(&app, &login, json!({"name": "Älice 🔥"})).await;
        patch(&app, &login, json!({})).await;
        assert_eq!(events(&app, user.id).await.len(), before, "nothing was changed");
        let export = app.get("/me/export", As::Token(login["token"].as_str().unwrap())).await.json();
        let columns: Vec<_> = export["data"]["activity"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["kind"] == "user.profile_changed")
            .map(|row| row["details"]["columns"].clone())
            .collect();
        assert_eq!(json!(columns), json!([["name", "location", "about_me", "language"], ["username", "location"]]));
    });
}

#[test]
fn e2_what_a_user_may_not_set_is_refused_by_name() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let body = json!({"confirmed": true, "roles": ["admin"], "id": 7, "password_hash": "x", "member_since": "x",
            "disabled": false, "email": "a@b.c", "avatar_hash": "x", "service": true, "extra": {}});
        let answer = patch(&app, &login, body).await.json();
        let mut refused: Vec<_> =
            answer["errors"].as_array().unwrap().iter().map(|bad| bad["field"].as_str().unwrap()).collect();
        refused.sort_unstable();
        assert_eq!(
            refused,
            [
                "avatar_hash",
                "confirmed",
                "disabled",
                "email",
                "id",
                "member_since",
                "password_hash",
                "roles",
                "service"
            ]
        );
        // Without a schema there are no fields of the application.
        let answer = patch(&app, &login, json!({"extra": {}})).await;
        assert_eq!(
            answer.json()["errors"][0],
            json!({"field": "extra", "error": "unknown_field", "message": "There is no such field."})
        );
    });
}

#[test]
fn f1_lengths_and_characters_are_told_before_the_database_does() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        app.user("bob").await;
        for (body, error) in [
            (json!({"name": "x".repeat(65)}), "too_long"),
            (json!({"location": "é".repeat(65)}), "too_long"),
            (json!({"about_me": "x".repeat(4_097)}), "too_long"),
            (json!({"name": "a\u{0}b"}), "invalid_characters"),
            (json!({"about_me": "a\u{0}b"}), "invalid_characters"),
            (json!({"name": "a\nb"}), "invalid_characters"),
            (json!({"name": "a\u{202e}b"}), "invalid_characters"),
            (json!({"name": 1}), "wrong_type"),
            (json!({"username": null}), "wrong_type"),
            (json!({"username": ""}), "empty"),
            (json!({"language": "de"}), "not_allowed"),
        ] {
            let answer = patch(&app, &login, body.clone()).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["error"]), (400, &json!(error)), "{body}");
        }
        let full = json!({"name": "é".repeat(64), "about_me": "😀".repeat(4_096), "location": ""});
        assert_eq!(patch(&app, &login, full).await.status, 200);
        for taken in ["bob", "BOB", "ｂｏｂ"] {
            assert_eq!(patch(&app, &login, json!({"username": taken})).await.error(), "409 username_taken", "{taken}");
        }
        app.sql("INSERT INTO users (id, username) VALUES (1000, 'Carol')").await;
        assert_eq!(patch(&app, &login, json!({"username": "carol"})).await.error(), "409 username_taken");
        assert_eq!(
            patch(&app, &login, json!({"username": "ALICE"})).await.status,
            200,
            "one's own in another spelling"
        );
    });
}

#[test]
fn a_change_that_is_bound_to_what_was_read_fails_once_that_has_changed() {
    on_both_engines(async |app| {
        let (user, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        let etag = app.get("/me", As::Token(token)).await.header("etag").to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() == 26, "{etag}");
        app.advance(120).await;
        app.get("/me", As::Token(token)).await;
        app.doorward.flush_activity().await.unwrap();
        assert_eq!(app.get("/me", As::Token(token)).await.header("etag"), etag, "being seen changes nothing");

        let changed = patch_if(&app, &login, &etag, json!({"name": "A"})).await;
        let newer = changed.header("etag").to_owned();
        assert_eq!((changed.status.as_u16(), newer == etag), (200, false));
        let late = patch_if(&app, &login, &etag, json!({"name": "B"})).await;
        assert_snapshot!(late.shown(), @r#"412 {"code":412,"message":"It has been changed meanwhile. Read it again.","data":null,"error":"precondition_failed"}"#);
        for never in [format!("W/{newer}"), "\"x\"".into(), newer.trim_matches('"').to_owned()] {
            assert_eq!(patch_if(&app, &login, &never, json!({"name": "B"})).await.error(), "412 precondition_failed");
        }
        for good in ["*".to_owned(), format!("\"x\", {newer}")] {
            assert_eq!(patch_if(&app, &login, &good, json!({"name": "A"})).await.status, 200);
        }
        app.user_with_roles("root", &["admin"]).await;
        doorward_core::role::grant(&app.doorward, user.id, "admin").await.unwrap();
        assert_ne!(app.get("/me", As::Token(token)).await.header("etag"), newer, "roles are shown too");
    });
}

#[test]
fn of_many_that_are_bound_to_the_same_state_one_wins() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let other = app.replica(&|_| {}).await;
        let token = login["token"].as_str().unwrap();
        let etag = app.get("/me", As::Token(token)).await.header("etag").to_owned();
        let name = |n: u32| json!({"name": format!("name {n}")});
        let results = tokio::join!(
            patch_if(&app, &login, &etag, name(1)),
            patch_if(&other, &login, &etag, name(2)),
            patch_if(&app, &login, &etag, name(3)),
            patch_if(&other, &login, &etag, name(4)),
        );
        let mut statuses = [results.0, results.1, results.2, results.3].map(|answer| answer.status.as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412]);
    });
}

#[test]
fn if_match_is_asked_for_where_that_is_configured() {
    configured_on_both_engines(
        |settings| settings.account.require_if_match = true,
        async |app| {
            let (_, login) = app.signed_in("alice").await;
            assert_eq!(patch(&app, &login, json!({"name": "A"})).await.error(), "428 precondition_required");
            assert_eq!(patch_if(&app, &login, "*", json!({"name": "A"})).await.status, 200);
        },
    );
}

#[test]
fn the_applications_own_fields_are_checked_by_its_schema() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let schema = json!({
        "type": "object",
        "properties": {
            "phone": {"type": "string", "maxLength": 16},
            "plan": {"enum": ["free", "paid"], "x-doorward-write": "admin"},
            "risk": {"type": "integer", "x-doorward-read": "admin", "x-doorward-write": "admin"},
        },
        "additionalProperties": false,
    });
    file.write_all(schema.to_string().as_bytes()).unwrap();
    let path = file.path().to_owned();
    let configure = move |settings: &mut Settings| settings.account.profile_schema_file = Some(path.clone());
    configured_on_both_engines(configure, async |app| {
        let (user, login) = app.signed_in("alice").await;
        app.sql(r#"UPDATE users SET extra = '{"plan":"paid","risk":3}'"#).await;
        let me = patch(&app, &login, json!({"extra": {"phone": "123"}})).await.json();
        assert_eq!(
            me["data"]["extra"],
            json!({"phone": "123", "plan": "paid"}),
            "what is for administrators is not shown"
        );
        let answer = patch(&app, &login, json!({"extra": {"phone": 1, "plan": "free", "risk": 0, "x\u{1b}": 1}})).await;
        assert_snapshot!(answer.shown(), @r#"400 {"code":400,"message":"Some fields can't be taken; see errors.","data":null,"error":"invalid_fields","errors":[{"error":"unknown_field","field":"extra.plan","message":"There is no such field."},{"error":"unknown_field","field":"extra.risk","message":"There is no such field."},{"error":"unknown_field","field":"extra.x�","message":"There is no such field."}]}"#);
        let answer = patch(&app, &login, json!({"name": "A", "extra": {"phone": "x".repeat(17)}})).await;
        assert_eq!(answer.json()["errors"][0]["error"], "too_long");
        let me = patch(&app, &login, json!({"extra": {"phone": null}})).await.json();
        assert_eq!((&me["data"]["extra"], &me["data"]["name"]), (&json!({"plan": "paid"}), &Value::Null));

        let change = doorward_core::profile::ProfileChange {
            extra: Some(serde_json::from_str(r#"{"risk": 5}"#).unwrap()),
            ..Default::default()
        };
        let (any, audience) = (doorward_core::profile::Precondition::Any, doorward_core::profile::Audience::Admin);
        let changed = doorward_core::profile::change(&app.doorward, user.id, change, &any, audience).await.unwrap();
        assert_eq!(Value::Object(changed.extra_fields()), json!({"plan": "paid", "risk": 5}));
    });
}
