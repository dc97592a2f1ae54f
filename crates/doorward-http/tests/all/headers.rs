//! What every answer says to browsers: who may read it, and how to come back.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::app::{Answer, As, TestApp, configured_on_both_engines, on_both_engines, request};

const LISTED: &str = "https://app.example.com";
/// Origins that a careless comparison takes for the listed one.
const UNLISTED: [&str; 14] = [
    "null",
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com/",
    "https://APP.example.com",
    "https://example.com",
    "https://sub.app.example.com",
    "https://app.example.com, https://evil.example",
    "https://app.example.com@evil.example",
    "*",
    "",
];

async fn from_origin(app: &TestApp, method: Method, path: &str, origin: &str, token: &str) -> Answer {
    let builder = request(method, path, As::Token(token)).header("origin", origin);
    app.send(builder.body(Body::empty()).unwrap()).await
}

async fn preflight(app: &TestApp, path: &str, origin: &str) -> Answer {
    let builder = request(Method::OPTIONS, path, As::Nobody)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type, token");
    app.send(builder.body(Body::empty()).unwrap()).await
}

/// The headers by which an answer lets another origin in.
fn let_in(answer: &Answer) -> Vec<&str> {
    let names = ["access-control-allow-origin", "access-control-allow-credentials"];
    names.into_iter().filter(|name| answer.headers.contains_key(*name)).collect()
}

#[test]
fn d6_cors_is_closed_by_default() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        for origin in UNLISTED.into_iter().chain([LISTED, "http://localhost"]) {
            for answer in [
                from_origin(&app, Method::GET, "/me", origin, token).await,
                from_origin(&app, Method::GET, "/nowhere", origin, token).await,
                preflight(&app, "/login", origin).await,
            ] {
                let named = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-"));
                assert_eq!(named.count(), 0, "{origin}: {:?}", answer.headers);
            }
        }
    });
}

#[test]
fn d6_cors_lets_in_the_listed_origins_and_no_other() {
    let listed = |settings: &mut doorward_core::settings::Settings| {
        settings.http.cors_origins = vec![LISTED.into(), "http://localhost:3000".into()];
    };
    configured_on_both_engines(listed, async |app| {
        let (_, login) = app.signed_in("alice").await;
        let token = login["token"].as_str().unwrap();
        for origin in [LISTED, "http://localhost:3000"] {
            for (path, status) in [("/me", 200), ("/nowhere", 404), ("/healthz", 200)] {
                let answer = from_origin(&app, Method::GET, path, origin, token).await;
                assert_eq!(answer.status, status);
                assert_eq!(answer.header("access-control-allow-origin"), origin);
                assert_eq!(answer.header("access-control-allow-credentials"), "true");
                assert!(answer.header("vary").to_lowercase().contains("origin"), "{:?}", answer.headers);
            }
        }
        for origin in UNLISTED {
            for path in ["/me", "/nowhere", "/healthz"] {
                let answer = from_origin(&app, Method::GET, path, origin, token).await;
                assert_eq!(let_in(&answer), Vec::<&str>::new(), "{origin} {path}");
                // An answer for one origin must not be served from a cache to another.
                assert!(answer.header("vary").to_lowercase().contains("origin"), "{origin} {path}");
            }
        }
    });
}

#[test]
fn d6_a_preflight_tells_a_listed_origin_what_it_may_send() {
    let listed = |settings: &mut doorward_core::settings::Settings| settings.http.cors_origins = vec![LISTED.into()];
    configured_on_both_engines(listed, async |app| {
        for path in ["/login", "/me", "/token/refresh"] {
            let answer = preflight(&app, path, LISTED).await;
            assert!(answer.status.is_success(), "{}", answer.shown());
            assert_eq!(answer.text, "");
            assert_eq!(answer.header("access-control-allow-origin"), LISTED);
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert_eq!(answer.header("access-control-allow-methods"), "GET,POST,PATCH,DELETE");
            let headers = answer.header("access-control-allow-headers");
            assert_eq!(headers, "authorization,content-type,accept-language,token,x-challenge-response");
            assert_eq!(answer.header("access-control-max-age"), "600");
        }
        for origin in UNLISTED {
            assert_eq!(let_in(&preflight(&app, "/login", origin).await), Vec::<&str>::new(), "{origin}");
        }
    });
}

#[test]
fn d2_d6_a_page_of_a_listed_origin_writes_with_the_cookie_and_no_other_does() {
    let listed = |settings: &mut doorward_core::settings::Settings| settings.http.cors_origins = vec![LISTED.into()];
    configured_on_both_engines(listed, async |app| {
        app.user("alice").await;
        for (origin, site, status) in [
            (LISTED, "cross-site", 200),
            ("https://app.example.com.evil.example", "cross-site", 403),
            ("null", "cross-site", 403),
            ("null", "same-site", 403),
        ] {
            let cookie = app.log_in("alice").await.cookie();
            let logout = request(Method::POST, "/logout", As::Cookie(&cookie))
                .header("origin", origin)
                .header("sec-fetch-site", site);
            let answer = app.send(logout.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, status, "{origin} {site}: {}", answer.shown());
        }
        let login = json!({"username": "alice", "password": crate::app::PASSWORD}).to_string();
        for (origin, status) in [(LISTED, 200), ("https://evil.example", 403), ("null", 403)] {
            let builder = request(Method::POST, "/login", As::Nobody)
                .header("content-type", "application/json")
                .header("origin", origin)
                .header("sec-fetch-site", "cross-site");
            let answer = app.send(builder.body(Body::from(login.clone())).unwrap()).await;
            assert_eq!(answer.status, status, "{origin}: {}", answer.shown());
        }
    });
}

/// Answers of every kind: good, refused, unknown, and what the framework itself refuses.
async fn of_every_kind(app: &TestApp) -> Vec<Answer> {
    let patch = request(Method::PUT, "/login", As::Nobody).body(Body::empty()).unwrap();
    vec![
        app.get("/healthz", As::Nobody).await,
        app.get("/me", As::Nobody).await,
        app.get("/me", As::Token("x")).await,
        app.get("/nowhere", As::Nobody).await,
        app.get("/openapi.json", As::Nobody).await,
        app.get("/docs", As::Nobody).await,
        app.post_raw("/login", "application/json", "{").await,
        app.post_raw("/login", "application/json", vec![b' '; 100_000]).await,
        app.send(patch).await,
        preflight(app, "/login", LISTED).await,
    ]
}

#[test]
fn d5_hsts_stands_on_every_answer_once_configured_and_never_before() {
    on_both_engines(async |app| {
        for answer in of_every_kind(&app).await {
            assert!(!answer.headers.contains_key("strict-transport-security"), "{}", answer.shown());
        }
    });
    let configured = |settings: &mut doorward_core::settings::Settings| {
        settings.http.hsts_seconds = 31_536_000;
        settings.http.cors_origins = vec![LISTED.into()];
    };
    configured_on_both_engines(configured, async |app| {
        for answer in of_every_kind(&app).await {
            assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
            assert_eq!(answer.headers.get_all("strict-transport-security").iter().count(), 1);
        }
    });
}

#[test]
fn d5_every_answer_tells_browsers_to_be_careful() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        let mut answers = of_every_kind(&app).await;
        answers.push(app.get("/me", As::Token(login["token"].as_str().unwrap())).await);
        answers.push(app.log_in("alice").await);
        for answer in answers {
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", answer.shown());
            assert_eq!(answer.header("x-frame-options"), "DENY");
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(!policy.contains("script-src 'unsafe-inline'") && !policy.contains("unsafe-eval"), "{policy}");
            assert!(!answer.header("cache-control").is_empty());
        }
    });
}
