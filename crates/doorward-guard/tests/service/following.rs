//! The feed: how a guard learns of what was revoked, and what it does when Doorward is away, slow or lies.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_guard::{Denied, ServiceGuard, WhenStale};
use serde_json::{Value, json};

use super::server::{Server, pass};
use super::{HOUR, NOW, Rig, SERVICE_KEY, ended, key_set, news, session, snapshot, token, token_called, until};

#[tokio::test]
async fn closed_until_keys_and_revocations_are_known_and_then_a_logout_is_followed() {
    let mut rig = Rig::silent(|builder| builder).await;
    let (first, second) = (token(1, 1), token(1, 2));
    assert_eq!(rig.verdict(&first).await, Err(Denied::Stale));

    let request = rig.server.next("/revocations").await;
    assert_eq!(request.path, "/revocations");
    assert_eq!(request.authorization.as_deref(), Some("Bearer dw_of_the_shop"));
    request.json(&snapshot(10));
    let keys = rig.server.next("/.well-known").await;
    assert_eq!((keys.path.as_str(), keys.authorization.as_deref()), ("/.well-known/jwks.json", None));
    // The revocations alone are not enough.
    until(|| rig.guard.status().answers == 1).await;
    assert_eq!(rig.verdict(&first).await, Err(Denied::Stale));
    keys.json(&key_set(&[1]));
    rig.guard.ready().await;

    assert_eq!(rig.verdict(&first).await.unwrap().user_id, 42);
    assert!(rig.verdict(&second).await.is_ok());
    let request = rig.server.next("/revocations").await;
    assert_eq!(request.path, "/revocations?after=10&wait=5");
    request.json(&news(11, &[ended(11, 1)]));
    assert_eq!(rig.server.next("/revocations").await.path, "/revocations?after=11&wait=5");
    assert_eq!(rig.verdict(&first).await, Err(Denied::Revoked));
    assert!(rig.verdict(&second).await.is_ok());

    let status = rig.guard.status();
    assert_eq!((status.sequence, status.keys, status.stale), (Some(11), 1, false));
    assert_eq!((status.answers, status.snapshots, status.events, status.failures), (2, 1, 1, 0));
    assert_eq!(status.fresh_seconds_ago, Some(0));
}

#[tokio::test]
async fn a_snapshot_holds_every_kind() {
    let mut rig = Rig::ready().await;
    let by_token = token_called(1, 2, "ended by itself");
    let mut sessions = session(1).as_bytes().to_vec();
    sessions.extend(u32::try_from(NOW + HOUR).unwrap().to_be_bytes());
    let mut tokens = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, by_token.as_bytes()).as_ref().to_vec();
    tokens.extend(u32::try_from(NOW + HOUR).unwrap().to_be_bytes());
    let mut answer = snapshot(99);
    answer["snapshot"] = json!({
        "sessions": STANDARD.encode(&sessions),
        "tokens": STANDARD.encode(&tokens),
        "users": [{"user_id": 7, "valid_after_ms": NOW * 1000, "until": NOW + HOUR}],
        "roles": [{"user_id": 42, "roles": ["editor"], "at_ms": NOW * 1000, "until": NOW + HOUR}],
    });
    rig.tell(&answer).await;
    assert_eq!(rig.verdict(&token(1, 1)).await, Err(Denied::Revoked));
    assert_eq!(rig.verdict(&by_token).await, Err(Denied::Revoked));
    let identity = rig.verdict(&token(1, 2)).await.unwrap();
    assert!(identity.has_role("editor") && !identity.has_role("admin"));
    let held = rig.guard.status().guard;
    assert_eq!((held.revoked_sessions, held.revoked_tokens, held.revoked_users, held.changed_roles), (1, 1, 1, 1));
}

#[tokio::test]
async fn after_a_restore_the_cursor_goes_back_and_nothing_revoked_comes_back_to_life() {
    let mut rig = Rig::ready().await;
    rig.tell(&news(11, &[ended(11, 1)])).await;
    rig.tell(&snapshot(3)).await;
    assert_eq!(rig.guard.status().sequence, Some(3));
    // A snapshot may hide a change of keys.
    rig.server.next("/.well-known/jwks.json").await.json(&key_set(&[1, 2]));
    until(|| rig.guard.status().keys == 2).await;
    assert_eq!(rig.verdict(&token(1, 1)).await, Err(Denied::Revoked));
    assert!(rig.verdict(&token(2, 2)).await.is_ok());
    let request = rig.server.next("/revocations").await;
    assert_eq!(request.path, "/revocations?after=3&wait=5");
    request.json(&news(4, &[ended(4, 2)]));
    rig.server.next("/revocations?after=4").await;
    assert_eq!(rig.verdict(&token(2, 2)).await, Err(Denied::Revoked));
}

#[tokio::test]
async fn unknown_kinds_are_passed_over_and_counted() {
    let mut rig = Rig::ready().await;
    let odd = json!({"sequence": 11, "kind": "moonrise", "phase": {"of": [1, 2]}, "until": "never"});
    let permissions = json!({"sequence": 12, "kind": "permissions"});
    rig.tell(&news(13, &[odd, permissions, ended(13, 1)])).await;
    assert_eq!(rig.verdict(&token(1, 1)).await, Err(Denied::Revoked));
    let status = rig.guard.status();
    assert_eq!((status.events, status.unknown_events), (1, 1));
}

#[tokio::test]
async fn what_cannot_be_believed_changes_nothing() {
    let mut rig = Rig::ready().await;
    let with = |change: fn(&mut Value)| {
        let mut answer = news(12, &[ended(11, 1), ended(12, 1)]);
        change(&mut answer);
        answer.to_string()
    };
    let whole = |change: fn(&mut Value)| {
        let mut answer = snapshot(12);
        let mut packed = session(1).as_bytes().to_vec();
        packed.extend([0xff; 4]);
        answer["snapshot"]["sessions"] = STANDARD.encode(&packed).into();
        change(&mut answer);
        answer.to_string()
    };
    let many: Vec<_> = (11..1012).map(|sequence| ended(sequence, 1)).collect();
    let answers = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "<html>captive portal</html>".to_owned(),
        with(|it| it["sequence"] = json!(9)),
        with(|it| it["sequence"] = json!(11)),
        with(|it| it["sequence"] = json!(-1)),
        with(|it| it["sequence"] = json!("12")),
        with(|it| it["age_ms"] = json!(-1)),
        with(|it| it["age_ms"] = Value::Null),
        with(|it| it["events"] = Value::Null),
        with(|it| it["events"][0]["sequence"] = json!(10)),
        with(|it| it["events"][0]["sequence"] = json!(13)),
        with(|it| it["events"][1]["sequence"] = json!(11)),
        with(|it| it["events"][1]["session_id"] = json!("no session")),
        with(|it| it["events"][1]["until"] = json!("soon")),
        with(|it| it["events"][1] = json!({"sequence": 12, "kind": "token", "sha256": "00", "until": NOW})),
        with(|it| it["events"][1] = json!({"sequence": 12, "kind": "user"})),
        with(|it| {
            it["events"][1] =
                json!({"sequence": 12, "kind": "roles", "user_id": 42, "roles": "admin", "at_ms": 1, "until": 1});
        }),
        with(|it| it["events"][1] = json!({"sequence": 12})),
        news(2000, &many).to_string(),
        whole(|it| it["snapshot"]["sessions"] = json!("AAAA")),
        whole(|it| it["snapshot"]["sessions"] = json!("!")),
        whole(|it| it["snapshot"]["sessions"] = STANDARD.encode([0; 20]).into()),
        whole(|it| it["snapshot"]["tokens"] = STANDARD.encode([0; 35]).into()),
        whole(|it| it["snapshot"]["users"] = json!([{"user_id": 1}])),
        whole(|it| it["snapshot"]["roles"] = Value::Null),
        whole(|it| it["snapshot"] = json!({})),
    ];
    let good = token(1, 1);
    for (number, answer) in answers.iter().enumerate() {
        let request = rig.server.next("/revocations").await;
        assert_eq!(request.path, "/revocations?after=10&wait=5", "before {answer}");
        request.answer(200, answer);
        until(|| rig.guard.status().failures == number as u64 + 1).await;
        assert!(rig.guard.status().feed_error.unwrap().contains("can't be used"), "{answer}");
        assert!(rig.verdict(&good).await.is_ok(), "{answer}");
        pass(Duration::from_secs(6)).await;
    }
    // And the same, told well, is believed.
    rig.tell(&news(12, &[ended(11, 1), ended(12, 1)])).await;
    assert_eq!(rig.verdict(&good).await, Err(Denied::Revoked));
    assert_eq!(rig.guard.status().feed_error, None);
}

#[tokio::test]
async fn errors_are_said_and_asked_again() {
    let mut rig = Rig::ready().await;
    let said =
        [(401, "service key is not accepted"), (403, "lacks the scope"), (500, "500"), (503, "503"), (204, "204")];
    for (number, (status, words)) in said.into_iter().enumerate() {
        rig.server.next("/revocations?after=10").await.answer(status, "{}");
        until(|| rig.guard.status().failures == number as u64 + 1).await;
        let error = rig.guard.status().feed_error.unwrap();
        assert!(error.contains(words), "{error}");
        pass(Duration::from_secs(6)).await;
    }
    // A replica ends, a connection is lost.
    rig.server.next("/revocations?after=10").await.cut();
    until(|| rig.guard.status().failures == 6).await;
    pass(Duration::from_secs(6)).await;
    rig.tell(&news(11, &[ended(11, 1)])).await;
    assert_eq!(rig.verdict(&token(1, 1)).await, Err(Denied::Revoked));
}

#[tokio::test]
async fn a_frozen_answer_is_given_up_and_asked_for_again() {
    let mut rig = Rig::ready().await;
    for beginning in ["", r#"{"sequence": 11, "#] {
        rig.server.next("/revocations?after=10").await.freeze(beginning);
        let failures = rig.guard.status().failures;
        // Let the beginning arrive, then let the time pass that an answer may take.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        pass(Duration::from_secs(11)).await;
        until(|| rig.guard.status().failures > failures).await;
        assert_eq!(rig.guard.status().feed_error.as_deref(), Some("it took too long"));
        pass(Duration::from_secs(6)).await;
    }
    rig.tell(&news(11, &[ended(11, 1)])).await;
    assert_eq!(rig.verdict(&token(1, 1)).await, Err(Denied::Revoked));
}

#[tokio::test]
async fn an_answer_without_end_is_given_up_at_its_bound() {
    let mut rig = Rig::ready().await;
    let slack = 16 << 20; // what the sockets of both sides hold
    let taken = rig.server.next("/revocations?after=10").await.endless("{");
    // Too long for events: it may be a snapshot, so that is asked for.
    let request = rig.server.next("/revocations").await;
    assert_eq!(request.path, "/revocations");
    assert!(taken.load(Ordering::Relaxed) < (1 << 20) + slack);
    let taken = request.endless("{");
    until(|| rig.guard.status().failures == 2).await;
    assert!(taken.load(Ordering::Relaxed) < (64 << 20) + slack);
    assert_eq!(rig.guard.status().feed_error.as_deref(), Some("the answer is too long"));
    pass(Duration::from_secs(6)).await;
    rig.server.next("/revocations").await.json(&snapshot(10));
    let keys = rig.server.next("/.well-known/jwks.json").await;
    let taken = keys.endless("{");
    until(|| rig.guard.status().failures == 3).await;
    assert!(taken.load(Ordering::Relaxed) < (64 << 10) + slack);
    assert!(rig.verdict(&token(1, 1)).await.is_ok());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut rig = Rig::ready().await;
    let mut elsewhere = Server::start().await;
    let target = format!("http://{}/latest/meta-data", elsewhere.address);
    for (number, location) in
        [target.as_str(), "http://169.254.169.254/latest/meta-data/", "/elsewhere", "file:///etc/passwd"]
            .iter()
            .enumerate()
    {
        rig.server.next("/revocations?after=10").await.redirect(location);
        until(|| rig.guard.status().failures == number as u64 + 1).await;
        assert!(rig.guard.status().feed_error.unwrap().starts_with("302"));
        pass(Duration::from_secs(6)).await;
    }
    rig.tell(&news(11, &[ended(11, 1)])).await;
    assert!(!elsewhere.has("/") && !rig.server.has("/elsewhere"));
}

#[tokio::test]
async fn while_doorward_is_away_it_closes_after_its_time_or_stays_open_by_choice() {
    for (choice, after_its_time) in [(WhenStale::FailClosed, Some(Denied::Stale)), (WhenStale::FailOpen, None)] {
        let mut rig = Rig::ready_with(|builder| builder.when_stale(choice)).await;
        let (seen, unseen) = (token(1, 1), token(1, 2));
        assert!(rig.verdict(&seen).await.is_ok());
        rig.server.next("/revocations?after=10").await.cut();
        until(|| rig.guard.status().failures == 1).await;
        rig.clock_to(NOW + 30);
        assert!(rig.verdict(&seen).await.is_ok());
        assert!(!rig.guard.status().stale);
        rig.clock_to(NOW + 31);
        assert_eq!(rig.verdict(&seen).await.err(), after_its_time);
        assert_eq!(rig.verdict(&unseen).await.err(), after_its_time);
        let status = rig.guard.status();
        assert!(status.stale);
        assert_eq!(status.fresh_seconds_ago, Some(31));
        // It is back.
        pass(Duration::from_secs(6)).await;
        rig.tell(&news(11, &[ended(11, 2)])).await;
        assert!(rig.verdict(&seen).await.is_ok());
        assert_eq!(rig.verdict(&unseen).await, Err(Denied::Revoked));
    }
}

#[tokio::test]
async fn what_doorward_knows_may_be_old_itself() {
    let mut rig = Rig::ready().await;
    let mut answer = news(10, &[]);
    answer["age_ms"] = json!(29_000);
    rig.tell(&answer).await;
    assert_eq!(rig.guard.status().fresh_seconds_ago, Some(29));
    rig.clock_to(NOW + 1);
    assert!(rig.verdict(&token(1, 1)).await.is_ok());
    rig.clock_to(NOW + 2);
    assert_eq!(rig.verdict(&token(1, 1)).await, Err(Denied::Stale));
}

#[tokio::test]
async fn nobody_there_from_the_beginning() {
    for choice in [WhenStale::FailClosed, WhenStale::FailOpen] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let guard = ServiceGuard::builder(url, SERVICE_KEY).when_stale(choice).start().unwrap();
        until(|| guard.status().failures >= 2).await;
        let status = guard.status();
        assert!(status.feed_error.unwrap().contains("connection failed"));
        assert_eq!((status.sequence, status.fresh_seconds_ago, status.stale), (None, None, true));
        assert_eq!(guard.verify(&token(1, 1)).await, Err(Denied::Stale));
    }
}

#[tokio::test]
async fn an_answer_that_did_not_wait_is_not_asked_for_in_a_circle() {
    let mut rig = Rig::ready().await;
    rig.server.next("/revocations?after=10").await.json(&news(10, &[]));
    until(|| rig.guard.status().answers == 2).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!rig.server.has("/revocations"));
    pass(Duration::from_millis(250)).await;
    rig.server.next("/revocations?after=10").await;
}

#[tokio::test]
async fn it_ends_with_its_last_clone() {
    let mut rig = Rig::ready().await;
    let request = rig.server.next("/revocations").await;
    let clone = rig.guard.clone();
    drop(rig.guard);
    assert!(clone.verify(&token(1, 1)).await.is_ok());
    drop(clone);
    request.abandoned().await;
}

#[tokio::test]
async fn thousands_of_tokens_take_bounded_memory() {
    let rig = Rig::ready_with(|builder| builder.cache_capacity(100)).await;
    for number in 0..3000 {
        assert!(rig.verdict(&token_called(1, 1, &number.to_string())).await.is_ok());
        assert!(rig.verdict(&format!("{number}.{number}.{number}")).await.is_err());
    }
    let status = rig.guard.status();
    assert!(status.guard.entries <= 100, "{status:?}");
    assert!(status.guard.bytes_estimate < 200_000, "{status:?}");
    assert_eq!(status.refused, 3000);
}

#[tokio::test]
async fn nothing_secret_in_debug_and_status() {
    let rig = Rig::ready_with(|builder| builder.secret_keys(["a secret of Flask"])).await;
    let shown = format!("{:?} {:?}", rig.guard, rig.guard.status());
    assert!(!shown.contains("dw_of_the_shop") && !shown.contains("a secret of Flask"), "{shown}");
}
