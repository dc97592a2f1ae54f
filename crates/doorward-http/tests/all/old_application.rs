//! Users who come by and by: the old application is asked at the first sign-in.

use std::sync::{
    Arc,
    atomic::{AtomicU16, AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, routing::post};
use doorward_core::settings::{ConnectionUrl, Secret, Settings};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::app::{As, TestApp, configured_on_both_engines};

/// The old application: it knows susan, and whoever tries to come in as somebody else.
#[derive(Clone, Default)]
struct Old {
    status: Arc<AtomicU16>,
    asked: Arc<AtomicUsize>,
}

impl Old {
    async fn serve(&self) -> String {
        let answer = async |State(old): State<Self>, headers: HeaderMap, Json(body): Json<Value>| {
            old.asked.fetch_add(1, Ordering::SeqCst);
            assert_eq!(headers["authorization"], "Bearer the hook's secret");
            match old.status.load(Ordering::SeqCst) {
                0 => {}
                status => return (StatusCode::from_u16(status).unwrap(), Json(json!({}))),
            }
            let told = match (body["username"].as_str().unwrap(), body["password"].as_str().unwrap()) {
                ("susan", "her old password") => json!({"user": {
                    "id": 4711, "username": "susan", "email": "susan@example.org", "confirmed": true, "name": "Susan",
                }}),
                ("plain", "a password") => json!({"code": 200, "token": "…"}),
                ("clash", "a password") => json!({"user": {"username": "clash", "email": "root@example.com"}}),
                ("odd", "a password") => json!({"user": {"is_admin": true}}),
                ("envelope", _) => json!({"code": 401, "message": "Invalid username or password."}),
                _ => return (StatusCode::UNAUTHORIZED, Json(json!({}))),
            };
            (StatusCode::OK, Json(told))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/check", listener.local_addr().unwrap());
        let router = Router::new().route("/check", post(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }
}

/// Doorward with the old application behind it.
fn by_and_by(test: impl AsyncFn(TestApp, Old)) {
    configured_on_both_engines(
        |_| {},
        async |first| {
            let old = Old::default();
            let url = old.serve().await;
            let configure = |settings: &mut Settings| {
                settings.old_application.login_url = Some(ConnectionUrl::new(url.clone()));
                settings.old_application.secret = Some(Secret::new("the hook's secret"));
            };
            test(first.replica(&configure).await, old).await;
        },
    );
}

async fn log_in(app: &TestApp, username: &str, password: &str) -> String {
    let answer = app.post("/login", json!({"username": username, "password": password})).await;
    if answer.status == 200 { "200".to_owned() } else { answer.error() }
}

#[test]
fn whom_the_old_application_lets_in_is_taken_over_and_it_is_not_asked_again() {
    by_and_by(async |app, old| {
        assert_eq!(log_in(&app, "susan", "wrong").await, "401 invalid_credentials");
        assert_eq!(log_in(&app, "susan", "her old password").await, "200");
        let asked = old.asked.load(Ordering::SeqCst);
        old.status.store(500, Ordering::SeqCst);
        assert_eq!(log_in(&app, "SUSAN@example.org", "her old password").await, "200");
        assert_eq!(log_in(&app, "susan", "wrong").await, "401 invalid_credentials");
        assert_eq!(old.asked.load(Ordering::SeqCst), asked);
        let root = app.administrator().await;
        let susan = app.get("/users/4711", As::Token(&root)).await.json();
        assert_eq!(susan["data"]["name"], "Susan", "{susan}");
        let events = app.column("SELECT kind AS line FROM audit_events WHERE kind = 'user.taken_over'").await;
        assert_eq!(events.len(), 1);
    });
}

#[test]
fn it_answers_as_the_flask_system_or_says_nothing_of_the_user() {
    by_and_by(async |app, _| {
        assert_eq!(log_in(&app, "plain", "a password").await, "200");
        assert_eq!(log_in(&app, "envelope", "a password").await, "401 invalid_credentials");
    });
}

#[test]
fn while_it_can_not_be_asked_nobody_is_told_that_a_password_is_wrong() {
    by_and_by(async |app, old| {
        app.user("known").await;
        old.status.store(502, Ordering::SeqCst);
        assert_eq!(log_in(&app, "susan", "her old password").await, "503 busy");
        assert_eq!(log_in(&app, "known", "wrong").await, "401 invalid_credentials");
        old.status.store(0, Ordering::SeqCst);
        assert_eq!(log_in(&app, "susan", "her old password").await, "200");
    });
}

#[test]
fn what_it_tells_is_held_to_the_rules_of_every_import() {
    by_and_by(async |app, _| {
        app.user("root").await;
        assert_eq!(log_in(&app, "clash", "a password").await, "401 invalid_credentials");
        assert_eq!(log_in(&app, "odd", "a password").await, "503 busy");
        assert_eq!(app.column("SELECT username AS line FROM users").await, ["root"]);
    });
}

#[test]
fn a_user_who_came_without_a_password_gets_the_one_that_was_right_there() {
    by_and_by(async |app, old| {
        app.user("susan").await;
        app.sql("UPDATE users SET password_hash = NULL, password_version = NULL").await;
        assert_eq!(log_in(&app, "susan", "her old password").await, "200");
        let asked = old.asked.load(Ordering::SeqCst);
        assert_eq!(log_in(&app, "susan", "her old password").await, "200");
        assert_eq!(old.asked.load(Ordering::SeqCst), asked);
        assert_eq!(app.column("SELECT username AS line FROM users").await, ["susan"]);
    });
}

#[test]
fn many_first_sign_ins_at_once_make_one_user() {
    by_and_by(async |app, _| {
        let all = (0..8).map(|_| log_in(&app, "susan", "her old password"));
        for answer in futures_util::future::join_all(all).await {
            assert_eq!(answer, "200");
        }
        assert_eq!(app.column("SELECT username AS line FROM users").await, ["susan"]);
    });
}
