//! Cookies of the Flask application: whoever is signed in there is signed in here.

use axum::body::Body;
use doorward_core::settings::{Protection, Secret, Settings};
use http::Method;
use serde_json::Value;

use crate::app::{Answer, As, BEGIN, TestApp, configured_on_both_engines, request};

/// A sign-in that Flask made, by the fixture: of user 1, from `Mozilla/5.0 (X11) Test` at 10.1.2.3.
struct FlaskSignIn {
    secret: String,
    session: String,
    remember: Option<String>,
    now: i64,
}

fn sign_in(remember: bool, permanent: bool) -> FlaskSignIn {
    let rows = include_str!("../../../doorward-core/tests/fixtures/flask_cookies.jsonl");
    let is_wanted = |row: &Value| {
        row["remember"] == remember
            && row["permanent"] == permanent
            && row["case"] == "same"
            && row["user_agent"] == "Mozilla/5.0 (X11) Test"
            && row["addr"] == "10.1.2.3"
            && row["flask_says"] == "1"
    };
    let row = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).find(is_wanted).unwrap();
    FlaskSignIn {
        secret: row["secret"].as_str().unwrap().to_owned(),
        session: format!("session={}", row["cookies"]["session"].as_str().unwrap()),
        remember: row["cookies"]["remember_token"].as_str().map(|token| format!("remember_token={token}")),
        now: row["now"].as_i64().unwrap(),
    }
}

/// Doorward beside that application, at the time of the sign-in.
fn beside_flask(sign_in: &FlaskSignIn, protection: Protection, test: impl AsyncFn(TestApp)) {
    let configure = |settings: &mut Settings| {
        settings.token.secret_keys = vec![Secret::new(sign_in.secret.as_str())];
        settings.flask_session.accept = true;
        settings.flask_session.protection = protection;
        settings.http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    };
    configured_on_both_engines(configure, async |app| {
        assert_eq!(app.user("susan").await.id.0, 1);
        // As of a user whom the application made.
        app.sql("UPDATE users SET tokens_valid_after = NULL").await;
        app.advance(sign_in.now - BEGIN).await;
        test(app).await;
    });
}

async fn ask(app: &TestApp, method: Method, path: &str, cookies: &str, agent: &str) -> Answer {
    let mut request = request(method, path, As::Cookie(cookies)).body(Body::empty()).unwrap();
    request.headers_mut().insert("user-agent", agent.parse().unwrap());
    request.headers_mut().insert("x-forwarded-for", "10.1.2.3".parse().unwrap());
    app.send(request).await
}

const AGENT: &str = "Mozilla/5.0 (X11) Test";

#[test]
fn whoever_is_signed_in_at_flask_is_signed_in_here_and_gets_the_cookie() {
    let flask = sign_in(false, false);
    beside_flask(&flask, Protection::Strong, async |app| {
        let first = ask(&app, Method::GET, "/me", &flask.session, AGENT).await;
        assert_eq!(first.json()["data"]["username"], "susan", "{}", first.text);
        let cookie = first.cookie();
        assert!(cookie.starts_with("doorward="), "{cookie}");
        // The same again, and the session's own cookie alone.
        let again = ask(&app, Method::GET, "/me", &flask.session, AGENT).await;
        assert_eq!((again.status.as_u16(), again.cookie()), (200, cookie.clone()));
        assert_eq!(ask(&app, Method::GET, "/me", &cookie, AGENT).await.status, 200);
        let sessions = ask(&app, Method::GET, "/me/sessions", &cookie, AGENT).await;
        assert_eq!(sessions.json()["data"]["sessions"].as_array().unwrap().len(), 1, "{}", sessions.text);
        let events = app.column("SELECT details AS line FROM audit_events WHERE kind = 'login.succeeded'").await;
        assert_eq!(events, ["{\"by\":\"flask_cookie\"}"]);
    });
}

#[test]
fn signed_out_here_is_signed_out_however_long_flask_would_take_the_cookie() {
    let flask = sign_in(true, false);
    let both = format!("{}; {}", flask.session, flask.remember.as_deref().unwrap());
    beside_flask(&flask, Protection::Strong, async |app| {
        assert_eq!(ask(&app, Method::GET, "/me", &both, AGENT).await.status, 200);
        assert_eq!(ask(&app, Method::GET, "/logout", &both, AGENT).await.status, 200);
        app.advance(40 * 24 * 60 * 60).await;
        app.doorward.keep_house().await.unwrap();
        for cookies in [&both, flask.remember.as_ref().unwrap()] {
            let refused = ask(&app, Method::GET, "/me", cookies, AGENT).await;
            assert_eq!(refused.error(), "401 token_revoked", "{cookies}");
        }
    });
}

#[test]
fn the_token_that_remembers_begins_a_session_that_is_not_fresh() {
    let flask = sign_in(true, false);
    let remember = flask.remember.clone().unwrap();
    beside_flask(&flask, Protection::Strong, async |app| {
        let first = ask(&app, Method::GET, "/me", &remember, "another program").await;
        assert_eq!(first.status, 200, "{}", first.text);
        let delete = ask(&app, Method::DELETE, "/me", &first.cookie(), "another program").await;
        assert_ne!(delete.status, 200, "{}", delete.text);
        // Whoever has signed out everywhere since has signed out there too: nothing says that the token is newer.
        let revoke = "UPDATE users SET tokens_valid_after = '2020-01-01 00:00:00.000000'";
        app.sql(revoke).await;
        let other = ask(&app, Method::GET, "/me", &flask.session, AGENT).await;
        assert_eq!(other.status, 200, "{}", other.text);
        app.sql("DELETE FROM doorward_exchanged_cookies").await;
        app.sql("DELETE FROM sessions").await;
        assert_eq!(ask(&app, Method::GET, "/me", &remember, "a third program").await.error(), "401 token_revoked");
    });
}

#[test]
fn from_elsewhere_it_is_as_flask_would_have_it() {
    let flask = sign_in(false, false);
    for (protection, answer) in
        [(Protection::Strong, "403 token_missing"), (Protection::Basic, "200 "), (Protection::Off, "200 ")]
    {
        beside_flask(&flask, protection, async |app| {
            let elsewhere = ask(&app, Method::GET, "/me", &flask.session, "another program").await;
            assert_eq!(elsewhere.error(), answer, "{protection:?}");
        });
    }
}

#[test]
fn of_requests_that_another_site_causes_none_counts() {
    let flask = sign_in(false, false);
    beside_flask(&flask, Protection::Strong, async |app| {
        for path in ["/me/sessions/others", "/logout"] {
            let method = if path == "/logout" { Method::POST } else { Method::DELETE };
            let mut request = request(method, path, As::Cookie(&flask.session)).body(Body::empty()).unwrap();
            request.headers_mut().insert("user-agent", AGENT.parse().unwrap());
            request.headers_mut().insert("x-forwarded-for", "10.1.2.3".parse().unwrap());
            request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
            let answer = app.send(request).await;
            assert_eq!(answer.error(), "403 cross_site_request", "{path}");
        }
        assert_eq!(app.column("SELECT id AS line FROM sessions").await.len(), 0);
    });
}

#[test]
fn a_new_sign_in_at_flask_counts_beside_a_session_that_is_over() {
    let flask = sign_in(false, true);
    beside_flask(&flask, Protection::Strong, async |app| {
        let over = app.log_in("susan").await.cookie();
        ask(&app, Method::GET, "/logout", &over, "curl/8.0").await;
        let both = format!("{over}; {}", flask.session);
        let answer = ask(&app, Method::GET, "/me", &both, AGENT).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    });
}

#[test]
fn many_who_bring_one_cookie_at_once_get_one_session() {
    let flask = sign_in(false, false);
    beside_flask(&flask, Protection::Strong, async |app| {
        let other = app
            .replica(&|settings: &mut Settings| {
                settings.token.secret_keys = vec![Secret::new(flask.secret.as_str())];
                settings.flask_session.accept = true;
                settings.http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
            })
            .await;
        let asked = (0..12).map(|number| {
            let app = if number % 2 == 0 { &app } else { &other };
            ask(app, Method::GET, "/me", &flask.session, AGENT)
        });
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        assert_eq!(app.column("SELECT id AS line FROM sessions").await.len(), 1);
    });
}

#[test]
fn without_the_setting_they_are_none_of_doorwards_business() {
    let flask = sign_in(false, false);
    let configure = |settings: &mut Settings| settings.token.secret_keys = vec![Secret::new(flask.secret.as_str())];
    configured_on_both_engines(configure, async |app| {
        app.advance(flask.now - BEGIN).await;
        app.user("susan").await;
        assert_eq!(ask(&app, Method::GET, "/me", &flask.session, AGENT).await.error(), "403 token_missing");
    });
}
