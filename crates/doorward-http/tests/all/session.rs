//! Sessions of browsers: the cookie, its protection, its limits.

use axum::body::Body;
use doorward_core::settings::{Protection, Settings};
use http::Method;

use crate::app::{As, TestApp, configured_on_both_engines, on_both_engines, request};

async fn cookie_of(app: &TestApp) -> String {
    app.user("alice").await;
    app.log_in("alice").await.cookie()
}

async fn from_elsewhere(app: &TestApp, cookie: &str) -> String {
    let mut request = request(Method::GET, "/me", As::Cookie(cookie)).body(Body::empty()).unwrap();
    request.headers_mut().insert("user-agent", "Mozilla/5.0".parse().unwrap());
    let answer = app.send(request).await;
    if answer.status == 200 { "200".into() } else { answer.error() }
}

#[test]
fn d1_the_cookie_is_out_of_reach_and_new_at_every_login() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let (one, two) = (app.log_in("alice").await, app.log_in("alice").await);
        let line = one.header("set-cookie");
        assert!(line.starts_with("doorward="), "{line}");
        assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax") && line.contains("Path=/"));
        assert_eq!(one.cookie().len(), "doorward=".len() + 43);
        assert_ne!(one.cookie(), two.cookie());
    });
    configured_on_both_engines(
        |settings| settings.public_url = Some("https://localhost".into()),
        async |app| {
            app.user("alice").await;
            let login = app.log_in("alice").await;
            let line = login.header("set-cookie");
            assert!(line.starts_with("__Host-doorward=") && line.ends_with("; Secure"), "{line}");
        },
    );
}

#[test]
fn d3_strong_protection_ends_a_session_that_turns_up_elsewhere() {
    on_both_engines(async |app| {
        let cookie = cookie_of(&app).await;
        assert_eq!(app.get("/me", As::Cookie(&cookie)).await.status, 200);
        assert_eq!(from_elsewhere(&app, &cookie).await, "401 token_revoked");
        assert_eq!(app.get("/me", As::Cookie(&cookie)).await.error(), "401 token_revoked");
    });
}

#[test]
fn d3_basic_and_off_let_it_go_on() {
    for protection in [Protection::Basic, Protection::Off] {
        let configure = move |settings: &mut Settings| settings.session.protection = protection;
        configured_on_both_engines(configure, async |app| {
            let cookie = cookie_of(&app).await;
            assert_eq!(from_elsewhere(&app, &cookie).await, "200");
            assert_eq!(app.get("/me", As::Cookie(&cookie)).await.status, 200);
        });
    }
}

#[test]
fn d4_a_session_ends_unused_and_at_its_absolute_limit() {
    let configure = |settings: &mut Settings| {
        settings.session.inactivity = 3_600;
        settings.session.absolute = 10_000;
    };
    configured_on_both_engines(configure, async |app| {
        let cookie = cookie_of(&app).await;
        for _ in 0..3 {
            app.advance(3_000).await;
            assert_eq!(app.get("/me", As::Cookie(&cookie)).await.status, 200, "it is used");
        }
        app.advance(1_001).await;
        assert_eq!(app.get("/me", As::Cookie(&cookie)).await.error(), "401 token_expired");
        let cookie = app.log_in("alice").await.cookie();
        app.advance(3_601).await;
        assert_eq!(app.get("/me", As::Cookie(&cookie)).await.error(), "401 token_expired");
    });
}

#[test]
fn d2_another_site_can_do_nothing_with_the_cookie() {
    on_both_engines(async |app| {
        let cookie = cookie_of(&app).await;
        for method in [Method::GET, Method::POST] {
            let request = request(method, "/logout", As::Cookie(&cookie))
                .header("sec-fetch-site", "cross-site")
                .body(Body::empty())
                .unwrap();
            assert_eq!(app.send(request).await.error(), "403 cross_site_request");
        }
        assert_eq!(app.get("/me", As::Cookie(&cookie)).await.status, 200);
    });
}

#[test]
fn there_are_no_more_than_the_most_of_one_user() {
    configured_on_both_engines(
        |settings| settings.session.max_per_user = 2,
        async |app| {
            let oldest = cookie_of(&app).await;
            for _ in 0..2 {
                app.advance(60).await;
                app.log_in("alice").await;
            }
            assert_eq!(app.get("/me", As::Cookie(&oldest)).await.error(), "401 token_revoked");
        },
    );
}

#[test]
fn there_is_no_cookie_where_it_is_switched_off() {
    configured_on_both_engines(
        |settings| settings.session.cookie = false,
        async |app| {
            app.user("alice").await;
            assert_eq!(app.log_in("alice").await.header("set-cookie"), "");
            assert_eq!(app.get("/me", As::Cookie("doorward=x")).await.error(), "403 token_missing");
        },
    );
}
