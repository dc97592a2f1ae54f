//! `/revocations`

use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_core::{api_key, role, session, signing_key, user};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::app::{Answer, As, TestApp, configured_on_both_engines, on_both_engines, request};

async fn ask(app: &TestApp, key: &str, query: &str) -> Value {
    let answer = app.get(&format!("/revocations{query}"), As::Bearer(key)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The kinds of what came after `after`, and the new number.
async fn kinds_after(app: &TestApp, key: &str, after: i64) -> (Vec<String>, i64) {
    let told = ask(app, key, &format!("?after={after}")).await;
    assert!(told.get("snapshot").is_none(), "{told}");
    let kinds = told["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned());
    (kinds.collect(), told["sequence"].as_i64().unwrap())
}

async fn now(app: &TestApp, key: &str) -> i64 {
    ask(app, key, "").await["sequence"].as_i64().unwrap()
}

#[test]
fn whoever_follows_hears_of_all_that_takes_credentials_back() {
    on_both_engines(async |app| {
        let key = app.service("shop", &["revocations"]).await;
        let (alice, login) = app.signed_in("alice").await;
        app.catch_up().await;
        let begin = now(&app, &key).await;

        app.get("/logout", As::Token(login["token"].as_str().unwrap())).await;
        app.catch_up().await;
        let told = ask(&app, &key, &format!("?after={begin}")).await;
        let event = &told["events"][0];
        assert_eq!((event["kind"].as_str(), event["sequence"].as_i64()), (Some("session"), told["sequence"].as_i64()));
        assert_eq!(event["session_id"].as_str().unwrap().len(), 32);
        assert_eq!(event["until"], 1_584_243_000 + 3_600 + 120 + 1);
        let next = told["sequence"].as_i64().unwrap();

        role::grant(&app.doorward, alice.id, "admin").await.unwrap();
        session::end_all(&app.doorward, alice.id, session::EndReason::Administrator).await.unwrap();
        signing_key::rotate(&app.doorward, false).await.unwrap();
        app.catch_up().await;
        let (kinds, last) = kinds_after(&app, &key, next).await;
        assert_eq!(kinds, ["roles", "user", "keys"]);
        assert_eq!(kinds_after(&app, &key, last).await, (vec![], last));
        let again = ask(&app, &key, &format!("?after={next}")).await;
        assert_eq!(again["events"][0]["roles"], json!(["admin"]));
    });
}

#[test]
fn who_knows_nothing_gets_everything_packed() {
    on_both_engines(async |app| {
        let key = app.service("shop", &["revocations"]).await;
        let (alice, login) = app.signed_in("alice").await;
        let session_id = session::list_of(app.doorward.database().reads(), alice.id, app.doorward.now()).await.unwrap();
        let session_id = session_id[0].id.clone();
        app.get("/logout", As::Token(login["token"].as_str().unwrap())).await;
        user::disable(&app.doorward, alice.id).await.unwrap();
        app.catch_up().await;
        let told = ask(&app, &key, "").await;
        assert_eq!(told["events"], json!([]));
        let sessions = STANDARD.decode(told["snapshot"]["sessions"].as_str().unwrap()).unwrap();
        assert_eq!(sessions.len(), 20);
        let id = doorward_guard::SessionId::from_bytes(sessions[..16].try_into().unwrap()).unwrap();
        assert_eq!(id.to_string(), session_id);
        assert_eq!(u32::from_be_bytes(sessions[16..].try_into().unwrap()), 1_584_243_000 + 3_600 + 120 + 1);
        assert_eq!(told["snapshot"]["users"][0]["user_id"], json!(alice.id));
        let (kinds, _) = kinds_after(&app, &key, told["sequence"].as_i64().unwrap()).await;
        assert!(kinds.is_empty(), "{kinds:?}");
    });
}

#[test]
fn a_long_poll_is_answered_by_a_logout_on_another_replica() {
    on_both_engines(async |app| {
        let other = app.replica(&|_| {}).await;
        let key = app.service("shop", &["revocations"]).await;
        let (_, login) = app.signed_in("alice").await;
        other.catch_up().await;
        let begin = now(&other, &key).await;
        let poll = format!("/revocations?after={begin}&wait=20");
        let (answer, ()) = tokio::join!(other.get(&poll, As::Bearer(&key)), async {
            tokio::task::yield_now().await;
            app.get("/logout", As::Token(login["token"].as_str().unwrap())).await;
            other.catch_up().await;
        });
        assert_eq!(answer.json()["events"][0]["kind"], "session");
        assert_eq!(answer.header("cache-control"), "no-store");
    });
}

#[test]
fn a_restarted_doorward_goes_on_from_the_number_and_a_restored_one_tells_everything() {
    on_both_engines(async |app| {
        let key = app.service("shop", &["revocations"]).await;
        let (_, login) = app.signed_in("alice").await;
        app.catch_up().await;
        let begin = now(&app, &key).await;
        app.get("/logout", As::Token(login["token"].as_str().unwrap())).await;
        // Another process on the same database knows of nothing but what it reads.
        let restarted = app.replica(&|_| {}).await;
        restarted.catch_up().await;
        assert_eq!(kinds_after(&restarted, &key, begin).await.0, ["session"]);

        let ahead = format!("/revocations?after={}", begin + 1_000_000);
        let (answer, ()) = tokio::join!(restarted.get(&ahead, As::Bearer(&key)), async {
            for _ in 0..2 {
                tokio::task::yield_now().await;
                restarted.catch_up().await;
            }
        });
        assert!(answer.json()["snapshot"].is_object(), "{}", answer.text);
        assert!(answer.json()["sequence"].as_i64().unwrap() < begin + 1_000);
    });
}

#[test]
fn only_services_follow_and_only_so_many() {
    let few = |settings: &mut doorward_core::settings::Settings| settings.revocations.max_followers = 1;
    configured_on_both_engines(few, async |app| {
        let root = app.administrator().await;
        let key = app.service("shop", &["revocations"]).await;
        let narrow = app.service("other", &["introspect"]).await;
        let error = async |who: As<'_>| app.get("/revocations", who).await.error();
        for who in [As::Nobody, As::Bearer(&root), As::Token(&key), As::Bearer("dw_x"), As::Bearer("")] {
            assert_eq!(error(who).await, "401 service_required");
        }
        let refused = app.get("/revocations", As::Nobody).await;
        assert_eq!(refused.header("www-authenticate"), r#"Bearer realm="doorward", Basic realm="doorward""#);
        assert_eq!(error(As::Bearer(&narrow)).await, "403 scope_required");
        assert_eq!(basic(&app, "shop", &key).await.status, 200);
        assert_eq!(basic(&app, "SHOP", &key).await.status, 200);
        assert_eq!(basic(&app, "other", &key).await.error(), "401 service_required");
        for query in
            ["?after=-1", "?after=x", "?wait=61", "?after=1&after=2", "?nosuch=1", "?after=9223372036854775808"]
        {
            assert_eq!(app.get(&format!("/revocations{query}"), As::Bearer(&key)).await.status, 400, "{query}");
        }

        let begin = now(&app, &key).await;
        let poll = format!("/revocations?after={begin}&wait=20");
        let (_, busy) = tokio::join!(app.get(&poll, As::Bearer(&key)), async {
            tokio::task::yield_now().await;
            let busy = app.get("/revocations", As::Bearer(&key)).await;
            app.doorward.dismiss_followers();
            busy
        });
        assert_eq!((busy.error().as_str(), busy.header("retry-after")), ("503 busy", "1"));
    });
}

async fn basic(app: &TestApp, name: &str, key: &str) -> Answer {
    let line = format!("Basic {}", STANDARD.encode(format!("{name}:{key}")));
    let request = request(Method::GET, "/revocations", As::Nobody).header("authorization", line);
    app.send(request.body(axum::body::Body::empty()).unwrap()).await
}

#[test]
fn a_doorward_that_lost_the_feed_itself_says_so() {
    on_both_engines(async |app| {
        let key = app.service("shop", &["revocations"]).await;
        assert_eq!(app.get("/revocations", As::Bearer(&key)).await.status, 200);
        app.clock.advance(61);
        let answer = app.get("/revocations", As::Bearer(&key)).await;
        assert_eq!((answer.error().as_str(), answer.header("retry-after")), ("503 guard_stale", "1"));
        app.catch_up().await;
        assert_eq!(ask(&app, &key, "").await["age_ms"], 0);
        app.clock.advance(2);
        assert_eq!(ask(&app, &key, "").await["age_ms"], 2_000);
    });
}

#[test]
fn statuses_are_honest_here_whatever_is_configured() {
    let flask = |settings: &mut doorward_core::settings::Settings| {
        settings.http_status = doorward_core::settings::HttpStatus::Always200;
    };
    configured_on_both_engines(flask, async |app| {
        assert_eq!(app.get("/revocations", As::Nobody).await.status, 401);
        assert_eq!(app.get("/revocations", As::Bearer("dw_x")).await.status, 401);
        let narrow = app.service("other", &["introspect"]).await;
        assert_eq!(app.get("/revocations", As::Bearer(&narrow)).await.status, 403);
    });
}

#[test]
fn server_sent_events_carry_the_same_and_go_on_from_the_last_id() {
    on_both_engines(async |app| {
        let key = app.service("shop", &["revocations"]).await;
        let (_, login) = app.signed_in("alice").await;
        app.catch_up().await;
        let begin = now(&app, &key).await;
        app.get("/logout", As::Token(login["token"].as_str().unwrap())).await;
        app.catch_up().await;
        let asked = request(Method::GET, "/revocations", As::Bearer(&key))
            .header("accept", "text/event-stream")
            .header("last-event-id", begin.to_string())
            .body(axum::body::Body::empty())
            .unwrap();
        let response = app.stream(asked).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let first = String::from_utf8(first.to_vec()).unwrap();
        let line = |name: &str| first.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        let told: Value = serde_json::from_str(&line("data:")).unwrap();
        assert_eq!(line("event:"), "revocations");
        assert_eq!(line("id:"), told["sequence"].to_string());
        assert_eq!(told["events"][0]["kind"], "session");

        let bad = request(Method::GET, "/revocations", As::Bearer(&key))
            .header("accept", "text/event-stream")
            .header("last-event-id", "x")
            .body(axum::body::Body::empty())
            .unwrap();
        assert_eq!(app.send(bad).await.error(), "400 malformed_request");
    });
}

#[test]
fn two_keys_of_a_service_are_good_until_the_overlap_is_over() {
    on_both_engines(async |app| {
        let old = app.service("shop", &["revocations", "introspect"]).await;
        let shop = user::find_named(app.doorward.database().reads(), "shop").await.unwrap();
        assert_eq!(ask(&app, &old, "").await["events"], json!([]));
        let new = api_key::rotate(&app.doorward, shop.id, 600).await.unwrap();
        assert_eq!(new.row.scopes().collect::<Vec<_>>(), ["introspect", "revocations"]);
        let new = new.key.expose().to_owned();
        for key in [&old, &new] {
            ask(&app, key, "").await;
        }
        app.advance(599).await;
        ask(&app, &old, "").await;
        app.advance(1).await;
        assert_eq!(app.get("/revocations", As::Bearer(&old)).await.error(), "401 service_required");
        ask(&app, &new, "").await;
    });
}

#[test]
fn a_persons_key_never_has_a_scope_of_services() {
    on_both_engines(async |app| {
        let (_, login) = app.signed_in("alice").await;
        for scope in ["revocations", "introspect"] {
            let body = json!({"name": "k", "scopes": ["read", scope]});
            let answer = app.post_as("/me/api-keys", As::Token(login["token"].as_str().unwrap()), body).await;
            assert_eq!(answer.status, 400);
            assert_eq!(
                answer.json()["errors"][0],
                json!({
                    "field": "scopes", "error": "reserved", "message": answer.json()["errors"][0]["message"],
                })
            );
        }
    });
}
