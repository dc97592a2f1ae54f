//! `/me/sessions`: the user's devices.

use axum::body::Body;
use doorward_core::settings::Protection;
use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{events, mails, send};
use crate::app::{As, PASSWORD, TestApp, configured_on_both_engines, on_both_engines, request};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

async fn log_in_with(app: &TestApp, user_agent: &str) -> Value {
    let mut request = request(Method::POST, "/login", As::Nobody)
        .header("content-type", "application/json")
        .body(Body::from(json!({"username": "alice", "password": PASSWORD}).to_string()))
        .unwrap();
    request.headers_mut().insert("user-agent", user_agent.parse().unwrap());
    app.send(request).await.json()
}

async fn sessions(app: &TestApp, token: &str) -> Vec<Value> {
    app.get("/me/sessions", As::Token(token)).await.json()["data"]["sessions"].as_array().unwrap().clone()
}

fn token_of(login: &Value) -> &str {
    login["token"].as_str().unwrap()
}

#[test]
fn d4_the_list_tells_what_where_and_when_and_marks_this_one() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let first = app.log_in("alice").await.json();
        app.advance(60).await;
        log_in_with(&app, FIREFOX).await;
        app.get("/me", As::Token(token_of(&first))).await;
        let list = sessions(&app, token_of(&first)).await;
        let told = |session: &Value| {
            ["program", "system", "address", "created_at", "last_seen_at", "expires_at", "current"]
                .map(|name| session[name].clone())
        };
        assert_eq!(
            json!(list.iter().map(told).collect::<Vec<_>>()),
            json!([
                [
                    "Firefox",
                    "Linux",
                    "127.0.0.1",
                    "2020-03-15T03:31:00Z",
                    "2020-03-15T03:31:00Z",
                    "2020-04-14T03:31:00Z",
                    false
                ],
                [
                    "curl",
                    null,
                    "127.0.0.1",
                    "2020-03-15T03:30:00Z",
                    "2020-03-15T03:31:00Z",
                    "2020-04-14T03:30:00Z",
                    true
                ],
            ])
        );
    });
}

#[test]
fn d4_one_is_ended_and_all_others() {
    on_both_engines(async |app| {
        let (user, here) = app.signed_in("alice").await;
        let other = app.replica(&|_| {}).await;
        let mut elsewhere = Vec::new();
        for _ in 0..3 {
            elsewhere.push(app.log_in("alice").await.json());
        }
        let refused = async |token: &str| {
            other.catch_up().await;
            for app in [&app, &other] {
                assert_eq!(app.get("/me", As::Token(token)).await.error(), "401 token_revoked");
            }
        };
        for login in &elsewhere {
            assert_eq!(other.get("/me", As::Token(token_of(login))).await.status, 200);
        }
        let id = sessions(&app, token_of(&elsewhere[0])).await;
        let id = id.iter().find(|session| session["current"] == true).unwrap()["id"].as_str().unwrap();
        let end = async || {
            send(&app, Method::DELETE, &format!("/me/sessions/{id}"), As::Token(token_of(&here)), Value::Null).await
        };
        assert_snapshot!(end().await.shown(), @r#"200 {"code":200,"message":null,"data":{"ended":1}}"#);
        refused(token_of(&elsewhere[0])).await;
        assert_eq!(end().await.error(), "404 session_not_found", "it has ended");

        let all = async || send(&app, Method::DELETE, "/me/sessions", As::Token(token_of(&here)), Value::Null).await;
        assert_snapshot!(all().await.shown(), @r#"200 {"code":200,"message":null,"data":{"ended":2}}"#);
        for login in &elsewhere {
            refused(token_of(login)).await;
            let refresh = app.post("/token/refresh", json!({"refresh_token": login["refresh_token"]})).await;
            assert_eq!(refresh.error(), "401 session_ended");
        }
        assert_eq!(sessions(&app, token_of(&here)).await.len(), 1);
        assert_eq!(all().await.json()["data"]["ended"], 0);
        let kinds = events(&app, user.id).await;
        assert_eq!(&kinds[kinds.len() - 2..], ["session.ended", "session.all_ended"]);
    });
}

#[test]
fn d4_the_browser_that_ends_its_own_session_loses_the_cookie() {
    on_both_engines(async |app| {
        app.user("alice").await;
        let login = app.log_in("alice").await;
        let cookie = login.cookie();
        let id = sessions(&app, token_of(&login.json())).await[0]["id"].as_str().unwrap().to_owned();
        let foreign = request(Method::DELETE, &format!("/me/sessions/{id}"), As::Cookie(&cookie))
            .header("sec-fetch-site", "cross-site")
            .body(Body::empty())
            .unwrap();
        assert_eq!(app.send(foreign).await.error(), "403 cross_site_request");
        let ended = send(&app, Method::DELETE, &format!("/me/sessions/{id}"), As::Cookie(&cookie), Value::Null).await;
        assert!(ended.header("set-cookie").contains("Max-Age=0"), "{}", ended.text);
        assert_eq!(app.get("/me", As::Cookie(&cookie)).await.error(), "401 token_revoked");
    });
}

#[test]
fn e6_a_session_of_another_answers_as_one_that_does_not_exist() {
    on_both_engines(async |app| {
        let (_, alice) = app.signed_in("alice").await;
        let (_, bob) = app.signed_in("bob").await;
        let of_alice = sessions(&app, token_of(&alice)).await[0]["id"].as_str().unwrap().to_owned();
        let end = async |id: &str| {
            let path = format!("/me/sessions/{id}");
            send(&app, Method::DELETE, &path, As::Token(token_of(&bob)), Value::Null).await.shown()
        };
        let others = end(&of_alice).await;
        assert_snapshot!(others, @r#"404 {"code":404,"message":"There is no such session.","data":null,"error":"session_not_found"}"#);
        for none in ["0170dc5012bb7fffbfffffffffffffff", "x", "%00", "%ff", "1"] {
            assert_eq!(end(none).await, others, "{none}");
        }
        assert_eq!(app.get("/me", As::Token(token_of(&alice))).await.status, 200);
        send(&app, Method::DELETE, "/me/sessions", As::Token(token_of(&bob)), Value::Null).await;
        assert_eq!(app.get("/me", As::Token(token_of(&alice))).await.status, 200);
    });
}

#[test]
fn f6_pages_are_bounded() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        for _ in 0..4 {
            app.advance(1).await;
            app.log_in("alice").await;
        }
        let get = async |query: &str| app.get(&format!("/me/sessions{query}"), As::Token(token_of(&login))).await;
        let (mut seen, mut query) = (0, "?limit=2".to_owned());
        loop {
            let data = get(&query).await.json()["data"].clone();
            seen += data["sessions"].as_array().unwrap().len();
            let Some(next) = data["next"].as_str() else { break };
            query = format!("?limit=2&after={next}");
        }
        assert_eq!(seen, 5);
        for (query, field, error) in [
            ("?limit=0", "limit", "out_of_range"),
            ("?limit=1000000000", "limit", "out_of_range"),
            ("?limit=-1", "limit", "out_of_range"),
            ("?limit=99999999999999999999", "limit", "out_of_range"),
            ("?limit=1&limit=2", "limit", "duplicate_field"),
            ("?after=x", "after", "not_allowed"),
            ("?after=%00", "after", "not_allowed"),
        ] {
            let answer = get(query).await.json();
            assert_eq!(answer["code"], 400, "{query}");
            assert_eq!(
                (&answer["errors"][0]["field"], &answer["errors"][0]["error"]),
                (&json!(field), &json!(error)),
                "{query}"
            );
        }
    });
}

#[test]
fn a_new_device_is_told_but_not_the_first() {
    configured_on_both_engines(
        |settings| settings.session.protection = Protection::Off,
        async |app| {
            let user = app.user("alice").await;
            app.log_in("alice").await;
            app.log_in("alice").await;
            assert_eq!(mails(&app).await, []);
            log_in_with(&app, FIREFOX).await;
            log_in_with(&app, FIREFOX).await;
            assert_eq!(mails(&app).await, [("new_device".to_owned(), "alice@example.com".to_owned())]);
            assert_eq!(events(&app, user.id).await.iter().filter(|kind| *kind == "login.new_device").count(), 1);

            // It is known for 180 days after its last use, though its session is long over.
            for days in [170, 170] {
                app.advance(days * 24 * 60 * 60).await;
                app.doorward.keep_house().await.unwrap();
                log_in_with(&app, FIREFOX).await;
            }
            assert_eq!(mails(&app).await.len(), 1);
            app.advance(181 * 24 * 60 * 60).await;
            app.log_in("alice").await;
            log_in_with(&app, FIREFOX).await;
            assert_eq!(mails(&app).await.len(), 3, "both were forgotten");
        },
    );
}

#[test]
fn nobody_is_told_at_an_address_that_was_not_confirmed() {
    on_both_engines(async |app| {
        let user = app.user("alice").await;
        app.sql("UPDATE users SET confirmed = false").await;
        app.log_in("alice").await;
        log_in_with(&app, FIREFOX).await;
        assert_eq!(mails(&app).await, []);
        assert!(events(&app, user.id).await.contains(&"login.new_device".to_owned()));
    });
}
