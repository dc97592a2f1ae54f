//! Rows of what Doorward is attacked with that belong to no single URL.

use axum::body::Body;
use doorward_core::database::StoredTime;
use http::Method;

use crate::app::{As, PASSWORD, on_both_engines, request};

#[test]
fn c7_tokens_in_urls_are_not_read_and_two_that_differ_are_refused() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        let in_url = app.get(&format!("/me?token={token}&access_token={token}"), As::Nobody).await;
        assert_eq!(in_url.error(), "403 token_missing");
        let both = request(Method::GET, "/me", As::Token(token)).header("authorization", "Bearer other");
        assert_eq!(app.send(both.body(Body::empty()).unwrap()).await.error(), "401 token_ambiguous");
        let same = request(Method::GET, "/me", As::Token(token)).header("authorization", format!("Bearer {token}"));
        assert_eq!(app.send(same.body(Body::empty()).unwrap()).await.status, 200);
    });
}

#[test]
fn h1_the_database_alone_signs_no_one_in() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let login = app.log_in("alice").await;
        let body = login.json();
        let secrets = [
            PASSWORD.to_owned(),
            body["token"].as_str().unwrap().to_owned(),
            body["refresh_token"].as_str().unwrap().to_owned(),
            login.cookie().trim_start_matches("doorward=").to_owned(),
        ];
        let dump = dump(&app).await;
        for secret in secrets {
            let parts = secret.split('.').filter(|part| part.len() > 20).chain([secret.as_str()]);
            for part in parts {
                assert!(!dump.contains(part), "a secret stands in the database");
            }
        }
        assert!(dump.contains("alice"), "the dump is one");
    });
}

async fn dump(app: &crate::app::TestApp) -> String {
    use sea_orm::{ConnectionTrait as _, Statement};
    let url = app.doorward.settings().database.expose().to_owned();
    if app.engine == crate::app::Engine::Sqlite {
        let path = url.trim_start_matches("sqlite://").to_owned();
        let (file, log) = (std::fs::read(&path).unwrap(), std::fs::read(format!("{path}-wal")).unwrap());
        return String::from_utf8_lossy(&[file, log].concat()).into_owned();
    }
    let connection = sea_orm::Database::connect(url).await.unwrap();
    let mut text = String::new();
    for table in ["users", "sessions", "refresh_tokens", "signing_keys", "revocations", "doorward_state"] {
        let sql = format!("SELECT t::text AS line FROM {table} t");
        for row in
            connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap()
        {
            text.push_str(&row.try_get::<String>("", "line").unwrap());
        }
    }
    text
}

#[test]
fn c6_clock_jumps_lose_no_session_and_open_no_door() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        app.advance(3_600).await;
        assert_eq!(app.get("/me", As::Token(token)).await.error(), "401 token_expired");
        app.advance(-3_600).await;
        assert_eq!(app.get("/me", As::Token(token)).await.status, 200);
        app.get("/logout", As::Token(token)).await;
        for jump in [3_599, -7_000, 3_000] {
            app.advance(jump).await;
            assert_eq!(app.get("/me", As::Token(token)).await.status, 401);
        }
    });
}

#[test]
fn times_in_users_are_as_sqlalchemy_writes_them() {
    on_both_engines(async |app| {
        app.user("alice").await;
        app.clock.advance(61);
        app.catch_up().await;
        let login = app.log_in("alice").await.json();
        app.get("/me", As::Token(login["token"].as_str().unwrap())).await;
        app.doorward.flush_activity().await.unwrap();
        let user =
            doorward_core::user::find_for_login(app.doorward.database().reads(), "alice").await.unwrap().unwrap();
        assert_eq!(user.last_seen.map(StoredTime::unix), Some(crate::app::BEGIN + 61));
        if app.engine == crate::app::Engine::Sqlite {
            use sea_orm::{ConnectionTrait as _, Statement};
            let reads = app.doorward.database().reads();
            let sql = "SELECT CAST(member_since AS TEXT) || '|' || CAST(last_seen AS TEXT) AS line FROM users";
            let row =
                reads.query_one_raw(Statement::from_string(reads.get_database_backend(), sql)).await.unwrap().unwrap();
            let line: String = row.try_get("", "line").unwrap();
            assert_eq!(line, "2020-03-15 03:30:00.000000|2020-03-15 03:31:01.000000");
        }
    });
}
