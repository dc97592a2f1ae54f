//! `GET /healthz`, `GET /readyz`, `GET /metrics`

use insta::assert_snapshot;

use crate::app::{As, on_both_engines};

#[test]
fn probes_say_how_it_stands_and_why() {
    on_both_engines(async |app| {
        assert_snapshot!(app.get("/healthz", As::Nobody).await.shown(), @r#"200 {"status":"ok"}"#);
        assert_snapshot!(app.get("/readyz", As::Nobody).await.shown(), @r#"200 {"status":"ready","checks":{"database":"ok","passwords":"ok","revocations":"ok"}}"#);
        app.clock.advance(61);
        assert_snapshot!(app.get("/readyz", As::Nobody).await.shown(), @r#"503 {"status":"not ready","checks":{"database":"ok","passwords":"ok","revocations":"not heard of for too long: every token is refused"}}"#);
    });
}

#[test]
fn g4_a_guard_that_lost_the_feed_fails_closed_and_recovers() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        app.clock.advance(60);
        assert_eq!(app.get("/me", As::Token(token)).await.status, 200);
        app.clock.advance(1);
        let refused = app.get("/me", As::Token(token)).await;
        assert_eq!(refused.error(), "503 guard_stale");
        assert_eq!(refused.header("retry-after"), "1");
        app.catch_up().await;
        assert_eq!(app.get("/me", As::Token(token)).await.status, 200);
    });
}

#[test]
fn metrics_count_what_happens() {
    on_both_engines(async |app| {
        app.signed_in("alice").await;
        let text = app.get("/metrics", As::Nobody).await.text;
        for name in [
            r#"doorward_logins_total{outcome="success"}"#,
            r#"doorward_requests_total{method="POST",route="/login",status="200"}"#,
            "doorward_request_duration_seconds_bucket",
            "doorward_password_queue",
            "doorward_revocations_age_seconds",
            "doorward_followers 0",
            "doorward_database_connections",
        ] {
            assert!(text.contains(name), "{name} in\n{text}");
        }
    });
}
