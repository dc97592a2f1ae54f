//! The JWK set: fetched when it may have changed, kept when it can't be had.

use std::time::Duration;

use doorward_guard::Denied;
use serde_json::{Value, json};

use super::server::pass;
use super::{NOW, Rig, key, key_set, news, token, until};

fn changed(sequence: i64) -> Value {
    json!({"sequence": sequence, "kind": "keys"})
}

#[tokio::test]
async fn keys_are_fetched_when_the_feed_says_so_and_a_withdrawn_one_opens_nothing() {
    let mut rig = Rig::ready().await;
    let (old, new) = (token(1, 1), token(2, 1));
    assert!(rig.verdict(&old).await.is_ok());
    rig.tell(&news(11, &[changed(11)])).await;
    rig.server.next("/.well-known").await.json(&key_set(&[2, 1]));
    until(|| rig.guard.status().keys == 2).await;
    assert!(rig.verdict(&old).await.is_ok());
    assert!(rig.verdict(&new).await.is_ok());
    rig.tell(&news(12, &[changed(12)])).await;
    rig.server.next("/.well-known").await.json(&key_set(&[2]));
    until(|| rig.guard.status().keys == 1).await;
    assert_eq!(rig.guard.verify_now(&old), Err(Denied::UnknownKey));
    assert!(rig.verdict(&new).await.is_ok());
}

#[tokio::test]
async fn an_unknown_kid_has_the_keys_fetched_at_most_once_a_minute() {
    let mut rig = Rig::ready().await;
    let new = token(2, 1);
    let guard = rig.guard.clone();
    let asking = tokio::spawn(async move { guard.verify(&new).await.map(|identity| identity.user_id) });
    // The token waits for the keys and is then good.
    rig.server.next("/.well-known").await.json(&key_set(&[1, 2]));
    assert_eq!(asking.await.unwrap(), Ok(42));
    for _ in 0..50 {
        assert_eq!(rig.verdict(&token(3, 1)).await, Err(Denied::UnknownKey));
    }
    assert!(!rig.server.has("/.well-known"));
    assert_eq!(rig.guard.status().key_fetches, 2);

    pass(Duration::from_secs(61)).await;
    // Without waiting it is refused, and the keys are fetched all the same.
    assert_eq!(rig.guard.verify_now(&token(3, 1)), Err(Denied::UnknownKey));
    rig.server.next("/.well-known").await.json(&key_set(&[1, 2, 3]));
    until(|| rig.guard.status().keys == 3).await;
    assert!(rig.guard.verify_now(&token(3, 1)).is_ok());
}

#[tokio::test]
async fn a_token_does_not_wait_for_keys_for_ever() {
    let mut rig = Rig::ready().await;
    let guard = rig.guard.clone();
    let asking = tokio::spawn(async move { guard.verify(&token(2, 1)).await.map(|_| ()) });
    let request = rig.server.next("/.well-known").await;
    pass(Duration::from_secs(3)).await;
    assert_eq!(asking.await.unwrap(), Err(Denied::UnknownKey));
    // Nobody else waits meanwhile.
    assert_eq!(rig.verdict(&token(2, 1)).await, Err(Denied::UnknownKey));
    request.json(&key_set(&[1, 2]));
    until(|| rig.guard.status().keys == 2).await;
    assert!(rig.verdict(&token(2, 1)).await.is_ok());
}

#[tokio::test]
async fn a_wrong_set_changes_nothing_and_what_the_feed_wants_is_asked_for_again() {
    let mut rig = Rig::ready().await;
    rig.tell(&news(11, &[changed(11)])).await;
    let good = || key_set(&[2]);
    let with = |change: fn(&mut Value)| {
        let mut set = good();
        change(&mut set["keys"][0]);
        set.to_string()
    };
    let doubled = json!({"keys": [good()["keys"][0], good()["keys"][0]]}).to_string();
    let many: Vec<_> = (0..65).map(|seed| key_set(&[seed])["keys"][0].clone()).collect();
    let sets = [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"keys": null}"#.to_owned(),
        r#"{"keys": [1]}"#.to_owned(),
        r#"{"keys": [{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}]}"#.to_owned(),
        with(|key| key["x"] = json!("AAAA")),
        with(|key| key["x"] = json!("!")),
        with(|key| key["x"] = Value::Null),
        with(|key| key["kid"] = json!("")),
        with(|key| key["kid"] = json!("k".repeat(257))),
        with(|key| key["kid"] = Value::Null),
        with(|key| key["use"] = json!("enc")),
        with(|key| key["crv"] = json!("X25519")),
        doubled,
        json!({"keys": many}).to_string(),
    ];
    for (number, set) in sets.iter().enumerate() {
        rig.server.next("/.well-known").await.answer(200, set);
        until(|| rig.guard.status().failures == number as u64 + 1).await;
        let status = rig.guard.status();
        assert_eq!(status.keys, 1, "{set}");
        assert!(status.keys_error.unwrap().contains("can't be used"), "{set}");
        assert!(rig.verdict(&token(1, 1)).await.is_ok(), "{set}");
        pass(Duration::from_secs(6)).await;
        // Meanwhile the feed goes on.
        let sequence = 12 + i64::try_from(number).unwrap();
        rig.tell(&news(sequence, &[json!({"sequence": sequence, "kind": "permissions"})])).await;
    }
    // But as long as a key may be withdrawn, nothing is confirmed as fresh.
    rig.clock_to(NOW + 31);
    rig.tell(&news(50, &[json!({"sequence": 50, "kind": "permissions"})])).await;
    assert_eq!(rig.verdict(&token(1, 1)).await, Err(Denied::Stale));
    rig.server.next("/.well-known").await.json(&good());
    until(|| !rig.guard.status().stale).await;
    assert_eq!(rig.guard.verify_now(&token(1, 1)), Err(Denied::UnknownKey));
    assert!(rig.verdict(&token(2, 1)).await.is_ok());
    assert_eq!(rig.guard.status().keys_error, None);
}

#[tokio::test]
async fn keys_of_other_kinds_beside_ours_are_passed_over() {
    let mut rig = Rig::ready().await;
    rig.tell(&news(11, &[changed(11)])).await;
    let mut set = key_set(&[2]);
    set["keys"].as_array_mut().unwrap().push(json!({"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}));
    set["keys"].as_array_mut().unwrap().push(json!({"kty": "new", "kid": key(2).kid()}));
    rig.server.next("/.well-known").await.json(&set);
    until(|| rig.guard.status().key_fetches == 2).await;
    assert!(rig.verdict(&token(2, 1)).await.is_ok());
}
