//! Guessing, and what it must not do to those who are guessed at.

use std::{collections::BTreeMap, net::SocketAddr};

use doorward_core::{password::NewPassword, settings::Settings, throttle, user};
use doorward_http::Peer;
use http::Method;
use sea_orm::EntityTrait as _;
use serde_json::json;

use crate::app::{Answer, As, Engine, PASSWORD, TestApp, configured_on_both_engines, request};

fn on(settings: &mut Settings) {
    settings.throttle.enabled = true;
}

/// A sign-in from this address.
async fn log_in_from(app: &TestApp, address: &str, username: &str, password: &str, cookie: &str) -> Answer {
    let peer = Peer { address: Some(SocketAddr::new(address.parse().unwrap(), 50000)), tls: false };
    let body = json!({"username": username, "password": password}).to_string();
    let mut builder = request(Method::POST, "/login", As::Nobody).header("content-type", "application/json");
    builder = builder.extension(peer);
    if !cookie.is_empty() {
        builder = builder.header("cookie", cookie);
    }
    app.send(builder.body(body.into()).unwrap()).await
}

async fn guess(app: &TestApp, address: &str, username: &str) -> Answer {
    log_in_from(app, address, username, "wrong", "").await
}

/// What a stranger sees of an answer, but for the id of the request.
fn seen(answer: &Answer) -> String {
    let mut headers: BTreeMap<_, _> = answer
        .headers
        .iter()
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.remove("x-request-id");
    format!("{} {headers:?} {}", answer.status, answer.text)
}

async fn kinds(app: &TestApp) -> Vec<String> {
    app.column("SELECT kind AS line FROM audit_events ORDER BY at, stream, sequence").await
}

#[test]
fn b1_after_ten_failures_the_next_waits_and_each_wait_is_twice_the_one_before() {
    configured_on_both_engines(on, async |app| {
        app.user("alice").await;
        for left in (0..10).rev() {
            let answer = guess(&app, "192.0.2.1", "alice").await;
            assert_eq!(answer.error(), "401 invalid_credentials");
            let reset = if left == 0 { 10 } else { 86_400 };
            assert_eq!(answer.header("ratelimit"), format!("\"login\";r={left};t={reset}"));
            assert_eq!(answer.header("ratelimit-policy"), "\"login\";q=10;w=86400");
        }
        for wait in [10, 20, 40, 80, 160, 320, 640, 900, 900] {
            let refused = log_in_from(&app, "192.0.2.1", "alice", PASSWORD, "").await;
            assert_eq!(refused.error(), "429 too_many_tries", "the right password too");
            assert_eq!(refused.header("retry-after"), wait.to_string());
            assert_eq!(refused.header("ratelimit"), format!("\"login\";r=0;t={wait}"));
            app.clock.advance(wait);
            assert_eq!(guess(&app, "192.0.2.1", "alice").await.error(), "401 invalid_credentials");
        }
        assert_eq!(log_in_from(&app, "192.0.2.2", "alice", PASSWORD, "").await.status, 200, "another network");
        app.clock.advance(900);
        assert_eq!(log_in_from(&app, "192.0.2.1", "alice", PASSWORD, "").await.status, 200);
        let after = guess(&app, "192.0.2.1", "alice").await;
        assert_eq!(after.header("ratelimit"), "\"login\";r=9;t=86400", "a success clears the count");
    });
}

#[test]
fn b1_one_network_that_tries_many_accounts_waits() {
    configured_on_both_engines(
        |settings| {
            on(settings);
            settings.throttle.network_failures = 5;
        },
        async |app| {
            app.user("alice").await;
            for number in 0..5 {
                let answer = guess(&app, "2001:db8::1", &format!("user{number}")).await;
                assert_eq!(answer.error(), "401 invalid_credentials");
            }
            let other_address_of_the_network = log_in_from(&app, "2001:db8::ffff:2", "alice", PASSWORD, "").await;
            assert_eq!(other_address_of_the_network.error(), "429 too_many_tries");
            assert_eq!(log_in_from(&app, "2001:db8:0:1::1", "alice", PASSWORD, "").await.status, 200);
            // Busy networks are forgiven after an hour, whatever goes on there.
            app.clock.advance(3_601);
            assert_eq!(log_in_from(&app, "2001:db8::1", "alice", PASSWORD, "").await.status, 200);
        },
    );
}

#[test]
fn b1_an_own_account_clears_no_network() {
    configured_on_both_engines(
        |settings| {
            on(settings);
            settings.throttle.network_failures = 5;
        },
        async |app| {
            app.user("mallory").await;
            for number in 0..5 {
                assert_eq!(log_in_from(&app, "192.0.2.1", "mallory", PASSWORD, "").await.status, 200);
                guess(&app, "192.0.2.1", &format!("user{number}")).await;
            }
            assert_eq!(log_in_from(&app, "192.0.2.1", "mallory", PASSWORD, "").await.status, 429);
        },
    );
}

#[test]
fn b1_one_account_that_is_tried_from_many_networks_waits_but_not_at_its_own_device() {
    configured_on_both_engines(
        |settings| {
            on(settings);
            settings.throttle.account_failures = 20;
        },
        async |app| {
            app.user("alice").await;
            app.user("bob").await;
            let first = log_in_from(&app, "192.0.2.200", "alice", PASSWORD, "").await;
            let cookies = cookies(&first);
            let device = cookies.iter().find(|cookie| cookie.starts_with("doorward-device=")).unwrap();
            for number in 0..20 {
                guess(&app, &format!("198.51.100.{number}"), "alice").await;
            }
            for address in ["198.51.100.77", "192.0.2.200"] {
                let refused = log_in_from(&app, address, "alice", PASSWORD, "").await;
                assert_eq!(refused.error(), "429 too_many_tries", "{address}");
            }
            // From any network, also one from which strangers hammer.
            for address in ["192.0.2.200", "198.51.100.3", "203.0.113.9"] {
                assert_eq!(log_in_from(&app, address, "alice", PASSWORD, device).await.status, 200, "{address}");
            }
            // It helps its own account only, and has a count of its own.
            for number in 0..20 {
                guess(&app, &format!("198.51.100.{number}"), "bob").await;
            }
            assert_eq!(log_in_from(&app, "203.0.113.9", "bob", PASSWORD, device).await.status, 429);
            for _ in 0..10 {
                assert_eq!(log_in_from(&app, "203.0.113.9", "alice", "wrong", device).await.status, 401);
            }
            assert_eq!(log_in_from(&app, "203.0.113.9", "alice", PASSWORD, device).await.status, 429);
        },
    );
}

fn cookies(answer: &Answer) -> Vec<String> {
    let lines = answer.headers.get_all("set-cookie").iter();
    lines.map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

#[test]
fn b1_a_device_that_is_none_is_a_stranger() {
    configured_on_both_engines(on, async |app| {
        app.user("alice").await;
        for _ in 0..10 {
            guess(&app, "192.0.2.1", "alice").await;
        }
        let made_up = format!("doorward-device={}", "A".repeat(43));
        for cookie in [made_up.as_str(), "doorward-device=x", "doorward-device=", "doorward-device"] {
            assert_eq!(log_in_from(&app, "192.0.2.1", "alice", PASSWORD, cookie).await.status, 429, "{cookie}");
        }
        let good = log_in_from(&app, "192.0.2.2", "alice", PASSWORD, "").await;
        let device = cookies(&good).pop().unwrap();
        let line = good.headers.get_all("set-cookie").iter().nth(1).unwrap().to_str().unwrap();
        assert!(line.ends_with("; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax"), "{line}");
        app.clock.advance(91 * 86_400);
        for _ in 0..10 {
            guess(&app, "192.0.2.1", "alice").await;
        }
        assert_eq!(log_in_from(&app, "192.0.2.1", "alice", PASSWORD, &device).await.status, 429, "it is too old");
        // Clients without cookies don't push out a browser that comes back.
        app.clock.advance(100);
        let device = cookies(&log_in_from(&app, "192.0.2.3", "alice", PASSWORD, "").await).pop().unwrap();
        app.clock.advance(1);
        log_in_from(&app, "192.0.2.3", "alice", PASSWORD, &device).await;
        for _ in 0..30 {
            assert_eq!(log_in_from(&app, "192.0.2.4", "alice", PASSWORD, "").await.status, 200);
        }
        let again = log_in_from(&app, "192.0.2.3", "alice", PASSWORD, &device).await;
        assert_eq!(cookies(&again).pop().unwrap(), device);
        let count = app.column("SELECT CAST(count(*) AS TEXT) AS line FROM trusted_devices").await;
        assert_eq!(count, ["20"]);
    });
}

/// The `doorward-device` cookie of a sign-in from a device that has none yet.
async fn device_of(app: &TestApp, address: &str, username: &str, password: &str) -> String {
    cookies(&log_in_from(app, address, username, password, "").await).pop().unwrap()
}

async fn trusts(app: &TestApp, device: &str) -> bool {
    let (_, token) = device.split_once('=').unwrap();
    let hash = <sha2::Sha256 as sha2::Digest>::digest(token).to_vec();
    let row = throttle::Devices::find_by_id(hash).one(app.doorward.database().reads()).await.unwrap();
    row.is_some()
}

#[test]
fn b1_another_password_ends_the_trust_in_every_device_but_the_one_that_chose_it() {
    const ANOTHER: &str = "seven quiet lanterns drifting";
    configured_on_both_engines(on, async |app| {
        let alice = app.user("alice").await;
        app.user("bob").await;
        let bobs = device_of(&app, "192.0.2.9", "bob", PASSWORD).await;
        let both = async || {
            (
                device_of(&app, "192.0.2.1", "alice", PASSWORD).await,
                device_of(&app, "192.0.2.2", "alice", PASSWORD).await,
            )
        };
        let back = async || {
            user::set_password(&app.doorward, alice.id, NewPassword::new(PASSWORD)).await.unwrap();
        };

        // The user changes it.
        let (own, stolen) = both().await;
        let token = log_in_from(&app, "192.0.2.1", "alice", PASSWORD, &own).await.json()["token"].clone();
        let change = request(Method::POST, "/me/password", As::Token(token.as_str().unwrap()));
        let change = change.header("content-type", "application/json").header("cookie", &own);
        let body = json!({"password": PASSWORD, "new_password": ANOTHER}).to_string();
        assert_eq!(app.send(change.body(body.into()).unwrap()).await.status, 200);
        assert_eq!((trusts(&app, &own).await, trusts(&app, &stolen).await), (true, false));

        // An administrator sets it, at a device that is none of the user's.
        back().await;
        assert!(!trusts(&app, &own).await);

        // It is forgotten, and chosen at a device that is known or at another one.
        for known in [true, false] {
            let (own, stolen) = both().await;
            // A second mail within a minute goes to nobody.
            app.clock.advance(61);
            assert_eq!(app.post("/password/forgot", json!({"username": "alice"})).await.status, 200);
            let body = json!({"token": app.last_mail().await.token(), "new_password": ANOTHER}).to_string();
            let mut reset =
                request(Method::POST, "/password/reset", As::Nobody).header("content-type", "application/json");
            if known {
                reset = reset.header("cookie", &own);
            }
            assert_eq!(app.send(reset.body(body.into()).unwrap()).await.status, 200);
            assert_eq!((trusts(&app, &own).await, trusts(&app, &stolen).await), (known, false));
            back().await;
        }

        // It must be changed at the next sign-in, which makes a new device known.
        let (own, stolen) = both().await;
        user::set_password_for_once(&app.doorward, alice.id, NewPassword::new(PASSWORD)).await.unwrap();
        assert!(!trusts(&app, &own).await);
        let body = json!({"username": "alice", "password": PASSWORD, "new_password": ANOTHER});
        let signed_in = app.post("/login", body).await;
        assert_eq!(signed_in.status, 200, "{}", signed_in.text);
        let fresh = cookies(&signed_in).into_iter().find(|cookie| cookie.starts_with("doorward-device=")).unwrap();
        assert_eq!((trusts(&app, &fresh).await, trusts(&app, &stolen).await), (true, false));
        assert!(trusts(&app, &bobs).await, "others keep theirs");
    });
}

#[test]
fn a4_a5_a_name_that_nobody_has_is_counted_and_answered_as_one_that_somebody_has() {
    configured_on_both_engines(on, async |app| {
        app.user("alice").await;
        for number in 0..13 {
            let spelling = if number % 2 == 0 { "ALICE" } else { "alice" };
            let known = guess(&app, "192.0.2.1", spelling).await;
            let rows = kinds(&app).await.len();
            let spelling = if number % 2 == 0 { "NOBODY" } else { "nobody" };
            let unknown = guess(&app, "192.0.2.2", spelling).await;
            assert_eq!(seen(&known), seen(&unknown));
            let more = kinds(&app).await.len() - rows;
            assert_eq!(
                more,
                match number {
                    0..9 => 1,
                    9 => 2,
                    _ => 0,
                }
            );
            if number >= 10 {
                assert_eq!(known.status, 429);
            }
        }
        let counts = "SELECT CAST(failures AS TEXT) AS line FROM login_failures ORDER BY failures";
        assert_eq!(app.column(counts).await, ["10"; 6]);
        let mut kinds = kinds(&app).await;
        kinds.retain(|kind| kind.starts_with("login."));
        kinds.dedup();
        assert_eq!(kinds.iter().filter(|kind| *kind == "login.throttled").count(), 2);
    });
}

#[test]
fn b2_addresses_that_a_client_makes_up_do_not_count() {
    configured_on_both_engines(
        |settings| {
            on(settings);
            settings.http.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        },
        async |app| {
            app.user("alice").await;
            let from = async |peer: &str, headers: &[(&str, String)]| {
                let peer = Peer { address: Some(SocketAddr::new(peer.parse().unwrap(), 1)), tls: false };
                let mut builder = request(Method::POST, "/login", As::Nobody).extension(peer);
                builder = builder.header("content-type", "application/json");
                for (name, value) in headers {
                    builder = builder.header(*name, value);
                }
                let body = json!({"username": "alice", "password": "wrong"}).to_string();
                app.send(builder.body(body.into()).unwrap()).await.status.as_u16()
            };
            for number in 0..10 {
                let made_up = format!("198.51.100.{number}");
                let headers = [("x-forwarded-for", made_up.clone()), ("x-real-ip", made_up.clone())];
                assert_eq!(from("192.0.2.1", &headers).await, 401);
                // Behind a proxy of ours the client writes what stands to the left.
                let headers = [("x-forwarded-for", made_up), ("x-forwarded-for", "garbage, 203.0.113.5".to_owned())];
                assert_eq!(from("10.0.0.1", &headers).await, 401);
            }
            assert_eq!(from("192.0.2.1", &[("x-forwarded-for", "198.51.100.99".to_owned())]).await, 429);
            assert_eq!(from("::ffff:192.0.2.1", &[]).await, 429, "IPv4 as IPv6");
            assert_eq!(from("10.0.0.1", &[("x-forwarded-for", "::ffff:203.0.113.5".to_owned())]).await, 429);
            assert_eq!(from("10.0.0.1", &[("x-forwarded-for", "203.0.113.6".to_owned())]).await, 401);
        },
    );
}

#[test]
fn b3_of_a_hundred_guesses_at_once_on_two_replicas_ten_are_tried() {
    configured_on_both_engines(on, async |app| {
        app.user("alice").await;
        let other = app.replica(&on).await;
        let guesses: Vec<_> = (0..100)
            .map(|number| {
                let app = if number % 2 == 0 { app.clone() } else { other.clone() };
                tokio::spawn(async move { guess(&app, "192.0.2.1", "alice").await.status.as_u16() })
            })
            .collect();
        let mut statuses = BTreeMap::<u16, u32>::new();
        for guess in guesses {
            *statuses.entry(guess.await.unwrap()).or_default() += 1;
        }
        assert_eq!(statuses, BTreeMap::from([(401, 10), (429, 90)]));
    });
}

#[test]
fn b3_a_hundred_guesses_at_once_count_as_a_hundred_and_outlive_a_restart() {
    let many = |settings: &mut Settings| {
        on(settings);
        settings.throttle.failures = 100;
        settings.throttle.account_failures = 1_000;
    };
    configured_on_both_engines(many, async |app| {
        app.user("alice").await;
        let other = app.replica(&many).await;
        let guesses: Vec<_> = (0..100)
            .map(|number| {
                let app = if number % 2 == 0 { app.clone() } else { other.clone() };
                tokio::spawn(async move { guess(&app, "192.0.2.1", "alice").await.status.as_u16() })
            })
            .collect();
        for guess in guesses {
            assert_eq!(guess.await.unwrap(), 401);
        }
        let counts = "SELECT CAST(failures AS TEXT) AS line FROM login_failures";
        assert_eq!(app.column(counts).await, ["100"; 3]);
        let restarted = app.replica(&many).await;
        assert_eq!(guess(&restarted, "192.0.2.1", "alice").await.status, 429);
    });
}

#[test]
fn b6_what_must_wait_costs_no_hash_and_no_write() {
    let slow = |settings: &mut Settings| {
        on(settings);
        settings.throttle.failures = 1;
        settings.password.pool.threads = 1;
        settings.password.pool.queue = 1;
    };
    configured_on_both_engines(slow, async |app| {
        app.user("alice").await;
        assert_eq!(guess(&app, "192.0.2.1", "alice").await.status, 401);
        let before = app.column("SELECT CAST(last_at AS TEXT) AS line FROM login_failures").await;
        app.clock.advance(1);
        // More at once than the queue holds: had one needed a hash, another would get 503.
        let guesses: Vec<_> = (0..50)
            .map(|_| {
                let app = app.clone();
                tokio::spawn(async move { guess(&app, "192.0.2.1", "alice").await.status.as_u16() })
            })
            .collect();
        for guess in guesses {
            assert_eq!(guess.await.unwrap(), 429);
        }
        assert_eq!(app.column("SELECT CAST(last_at AS TEXT) AS line FROM login_failures").await, before);
    });
}

#[test]
fn b6_a_network_that_asks_too_often_is_refused_before_the_database_is_asked() {
    let rare = |settings: &mut Settings| {
        on(settings);
        settings.throttle.requests_per_second = 1;
        settings.throttle.requests_burst = 3;
    };
    configured_on_both_engines(rare, async |app| {
        app.user("alice").await;
        let mut statuses = Vec::new();
        for number in 0..5 {
            statuses.push(guess(&app, "192.0.2.1", &format!("user{number}")).await.status.as_u16());
        }
        assert_eq!(statuses, [401, 401, 401, 429, 429]);
        assert_eq!(log_in_from(&app, "192.0.2.2", "alice", PASSWORD, "").await.status, 200);
        app.clock.advance(1);
        assert_eq!(log_in_from(&app, "192.0.2.1", "alice", PASSWORD, "").await.status, 200);
    });
}

#[test]
fn what_could_not_be_told_is_not_counted() {
    configured_on_both_engines(on, async |app| {
        let user = app.user("alice").await;
        doorward_core::user::disable(&app.doorward, user.id).await.unwrap();
        for _ in 0..12 {
            let answer = log_in_from(&app, "192.0.2.1", "alice", PASSWORD, "").await;
            assert_eq!(answer.error(), "403 account_disabled", "the password was right");
        }
        assert!(kinds(&app).await.iter().filter(|kind| *kind == "login.failed").count() == 12);
    });
}

#[test]
fn h1_the_counts_name_nobody_and_no_address() {
    configured_on_both_engines(on, async |app| {
        app.user("alice").await;
        guess(&app, "192.0.2.77", "hunter2-typed-in-the-wrong-place").await;
        guess(&app, "192.0.2.77", "alice").await;
        let lines = if app.engine == Engine::Sqlite {
            "SELECT hex(bucket) || quote(bucket) AS line FROM login_failures"
        } else {
            "SELECT t::text || encode(bucket, 'escape') AS line FROM login_failures t"
        };
        let counts = app.column(lines).await.concat();
        let audit = app.column("SELECT kind || details || actor AS line FROM audit_events").await.concat();
        for text in [&counts, &audit] {
            assert!(!text.contains("hunter2") && !text.contains("192.0.2.77") && !text.contains("alice"), "{text}");
        }
        let alice_in_hex = "616C696365";
        assert!(!counts.contains(alice_in_hex) && audit.contains("login.failed"));
    });
}

#[test]
fn an_operator_lists_and_clears_what_is_counted() {
    configured_on_both_engines(on, async |app| {
        app.user("alice").await;
        app.user("bob").await;
        for _ in 0..10 {
            guess(&app, "192.0.2.1", "alice").await;
            guess(&app, "192.0.2.1", "alice@example.com").await;
        }
        guess(&app, "192.0.2.2", "bob").await;
        let list = async |named| throttle::list(&app.doorward, named).await.unwrap().len();
        assert_eq!(list(None).await, 4 + 1 + 3);
        assert_eq!(list(Some("alice")).await, 4, "by name and by address, from one network and altogether");
        assert_eq!(list(Some("192.0.2.1")).await, 3);
        assert_eq!(throttle::clear(&app.doorward, "alice").await.unwrap(), 4);
        assert_eq!(log_in_from(&app, "192.0.2.1", "alice", PASSWORD, "").await.status, 200);
        assert_eq!(throttle::clear(&app.doorward, "::ffff:192.0.2.1").await.unwrap(), 1);
        assert_eq!(list(None).await, 3);
        app.clock.advance(86_401);
        app.doorward.keep_house().await.unwrap();
        assert_eq!(app.column("SELECT 'x' AS line FROM login_failures").await.len(), 0);
    });
}

#[test]
fn requests_that_cost_a_mail_are_counted_for_whom_and_from_where() {
    configured_on_both_engines(
        |settings| {
            on(settings);
            settings.throttle.requests_per_hour = 3;
            settings.throttle.network_requests_per_hour = 5;
        },
        async |app| {
            let ask = async |address: &str, key: &str| {
                let client =
                    doorward_core::session::Client { address: Some(address.parse().unwrap()), user_agent: None };
                let caller = doorward_core::Caller { client, ..doorward_core::Caller::default() };
                let doorward = app.doorward.on_behalf_of(caller);
                throttle::count_request(&doorward, throttle::Purpose::Forgot, key)
                    .await
                    .map_err(|error| error.retry_after().unwrap())
            };
            for _ in 0..3 {
                assert_eq!(ask("192.0.2.1", "a@example.com").await, Ok(()));
            }
            app.clock.advance(600);
            assert_eq!(ask("192.0.2.9", "a@example.com").await, Err(3_000), "from anywhere");
            assert_eq!(ask("192.0.2.1", "b@example.com").await, Ok(()));
            assert_eq!(ask("192.0.2.1", "c@example.com").await, Ok(()));
            assert_eq!(ask("192.0.2.1", "d@example.com").await, Err(3_000), "for anybody");
            assert_eq!(ask("192.0.2.2", "d@example.com").await, Ok(()));
            app.clock.advance(3_001);
            assert_eq!(ask("192.0.2.1", "a@example.com").await, Ok(()));
        },
    );
}
