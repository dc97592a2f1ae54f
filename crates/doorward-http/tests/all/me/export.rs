//! `GET /me/export`

use doorward_core::export;
use http::Method;
use serde_json::json;

use super::{events, send};
use crate::app::{As, PASSWORD, on_both_engines};

#[test]
fn it_hands_out_all_that_is_stored_and_nothing_that_opens_a_door() {
    on_both_engines(async |app| {
        let user = app.user_with_roles("alice", &["admin"]).await;
        app.user("bob").await;
        app.log_in("bob").await;
        let login = app.log_in("alice").await.json();
        let token = login["token"].as_str().unwrap();
        let new = json!({"name": "k", "scopes": ["read"]});
        let key = send(&app, Method::POST, "/me/api-keys", As::Token(token), new).await.json()["data"]["key"].clone();

        let answer = app.get("/me/export", As::Token(token)).await;
        assert_eq!(answer.header("content-disposition"), r#"attachment; filename="doorward-export.json""#);
        assert_eq!(answer.header("cache-control"), "no-store");
        let data = &answer.json()["data"];
        let sections: Vec<_> = data.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            sections,
            [
                "activity",
                "api_keys",
                "mails",
                "one_time_codes",
                "refresh_tokens",
                "roles",
                "sessions",
                "trusted_devices",
                "user"
            ]
        );
        assert_eq!(data["user"]["username"], "alice");
        assert_eq!(data["user"]["member_since"], "2020-03-15T03:30:00Z");
        assert_eq!(data["roles"][0]["role"], "admin");
        let count = |section: &str| data[section].as_array().unwrap().len();
        assert_eq!(["sessions", "refresh_tokens", "api_keys", "roles"].map(count), [1, 1, 1, 1]);
        let told: Vec<_> =
            data["activity"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
        assert_eq!(told, ["user.created", "login.succeeded", "api_key.created", "user.exported"]);
        assert_eq!(data["activity"][2]["details"]["scopes"], json!(["read"]));
        assert_eq!(events(&app, user.id).await.last().unwrap(), "user.exported");

        let secrets =
            [key.as_str().unwrap(), token, login["refresh_token"].as_str().unwrap(), PASSWORD, "$argon2", "hash\":"];
        for secret in secrets {
            assert!(!answer.text.replace("avatar_hash", "").contains(secret), "{secret}");
        }
        assert!(!answer.text.contains("bob"));
    });
}

#[test]
fn it_is_whole_however_much_there_is() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        let login = app.log_in("alice").await.json();
        let values: Vec<_> = (0..1_201)
            .map(|n| {
                format!(
                    "('{n:032}', {}, '2020-03-15 03:30:00', '2020-03-15 03:30:00', '2020-03-16 03:30:00', true, '{}')",
                    user.id,
                    "x".repeat(32)
                )
            })
            .collect();
        app.sql(&format!(
            "INSERT INTO sessions (id, user_id, created_at, last_seen_at, expires_at, fresh, fingerprint) VALUES {}",
            values.join(",")
        ))
        .await;
        let export = app.get("/me/export", As::Token(login["token"].as_str().unwrap())).await.json();
        let mut ids: Vec<_> =
            export["data"]["sessions"].as_array().unwrap().iter().map(|row| row["id"].to_string()).collect();
        ids.dedup();
        assert_eq!(ids.len(), 1_202);
    });
}

#[test]
fn what_an_earlier_user_of_the_same_id_left_is_not_told() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        app.log_in("alice").await;
        doorward_core::user::delete(&app.doorward, user.id).await.unwrap();
        app.advance(10).await;
        // SQLite gives the freed id to the next by itself.
        let bob = app.user("bob").await;
        app.sql(&format!("UPDATE users SET id = {} WHERE id = {}", user.id, bob.id)).await;
        let mut export = export::begin(&app.doorward, user.id).await.unwrap();
        let mut told = Vec::new();
        while let Some(page) = export.next().await.unwrap() {
            told.extend(page.rows.into_iter().filter_map(|mut row| row.remove("kind")));
        }
        assert_eq!(told.last().unwrap(), "user.exported");
        assert!(!told.iter().any(|kind| kind == "login.succeeded" || kind == "user.deleted"), "{told:?}");
    });
}
