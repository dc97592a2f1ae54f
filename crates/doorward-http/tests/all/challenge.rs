//! Challenges: asked for after failures, verified by a service on a socket.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use doorward_core::settings::{ConnectionUrl, Secret, Settings};
use http::{Method, StatusCode};
use serde_json::json;

use crate::app::{Answer, As, PASSWORD, TestApp, configured_on_both_engines, request};

/// A verifier as Turnstile's: `status` 200 answers, anything else is what it answers instead.
async fn verifier(status: Arc<AtomicU16>) -> std::net::SocketAddr {
    let answer = async |State(status): State<Arc<AtomicU16>>, form: Bytes| {
        let form = String::from_utf8(form.to_vec()).unwrap();
        let status = StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap();
        if !status.is_success() {
            return (status, "<html>".to_owned());
        }
        if !form.starts_with("secret=the%20secret%26&response=") || !form.ends_with("&remoteip=127.0.0.1") {
            return (status, json!({"success": false, "error-codes": ["invalid-input-secret"]}).to_string());
        }
        let solved = form.contains("response=good%26%3D&");
        let codes: &[&str] = if solved { &[] } else { &["invalid-input-response"] };
        (status, json!({"success": solved, "hostname": "users.example.com", "error-codes": codes}).to_string())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/siteverify", post(answer)).with_state(status);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn log_in(app: &TestApp, username: &str, password: &str, solution: &str) -> Answer {
    let body = json!({"username": username, "password": password}).to_string();
    let mut builder = request(Method::POST, "/login", As::Nobody).header("content-type", "application/json");
    if !solution.is_empty() {
        builder = builder.header("x-challenge-response", solution);
    }
    app.send(builder.body(body.into()).unwrap()).await
}

fn ask(settings: &mut Settings) {
    settings.throttle.enabled = true;
    settings.challenge.after_failures = 2;
    settings.challenge.secret = Some(Secret::new("the secret&"));
    settings.challenge.hostname = Some("users.example.com".into());
}

#[test]
fn a_login_after_failures_needs_a_solution_whether_there_is_the_account_or_not() {
    configured_on_both_engines(
        |_| {},
        async |first| {
            let status = Arc::new(AtomicU16::new(200));
            let address = verifier(Arc::clone(&status)).await;
            let with = |fail_open: bool| {
                move |settings: &mut Settings| {
                    ask(settings);
                    settings.challenge.fail_open = fail_open;
                    settings.challenge.verify_url = Some(ConnectionUrl::new(format!("http://{address}/siteverify")));
                }
            };
            let app = first.replica(&with(true)).await;
            app.user("alice").await;
            for name in ["alice", "nobody"] {
                for _ in 0..2 {
                    assert_eq!(log_in(&app, name, "wrong", "").await.error(), "401 invalid_credentials");
                }
                for solution in ["", "bad", &"x".repeat(5_000)] {
                    let refused = log_in(&app, name, "wrong", solution).await;
                    assert_eq!(refused.error(), "403 challenge_required", "{name}");
                }
                assert_eq!(log_in(&app, name, "wrong", "good&=").await.error(), "401 invalid_credentials");
            }
            assert_eq!(log_in(&app, "alice", PASSWORD, "").await.error(), "403 challenge_required");

            status.store(500, Ordering::SeqCst);
            let closed = first.replica(&with(false)).await;
            assert_eq!(log_in(&closed, "alice", PASSWORD, "good&=").await.error(), "503 busy");
            assert_eq!(log_in(&app, "alice", PASSWORD, "anything").await.status, 200, "what is down refuses nobody");
            assert_eq!(log_in(&app, "alice", PASSWORD, "").await.status, 200, "a success clears the count");
        },
    );
}

#[test]
fn a_solution_for_another_site_is_none() {
    configured_on_both_engines(
        |_| {},
        async |first| {
            let address = verifier(Arc::new(AtomicU16::new(200))).await;
            let with = move |settings: &mut Settings| {
                ask(settings);
                settings.challenge.after_failures = 0;
                settings.challenge.hostname = Some("other.example.com".into());
                settings.challenge.verify_url = Some(ConnectionUrl::new(format!("http://{address}/siteverify")));
            };
            let app = first.replica(&with).await;
            app.user("alice").await;
            assert_eq!(log_in(&app, "alice", PASSWORD, "good&=").await.error(), "403 challenge_required");
        },
    );
}
