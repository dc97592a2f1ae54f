//! What only Doorward's database knows: API keys, and the roles of Flask tokens.

use std::time::Duration;

use doorward_guard::{CredentialKind, Denied, FlaskAlgorithm, sign_flask};
use serde_json::{Value, json};

use super::server::pass;
use super::{HOUR, NOW, Rig, news, until};

const KEY: &str = "dw_key&of=susan";

fn active() -> Value {
    json!({
        "active": true, "token_type": "Bearer", "sub": "42", "username": "susan", "iat": NOW - 5, "scope": "read editor",
        "roles": ["admin", "editor"], "doorward_kind": "api_key",
    })
}

async fn with_introspection() -> Rig {
    Rig::ready_with(|builder| builder.introspection(true).flask_roles(true).secret_keys(["secret"])).await
}

/// Asks who this is, while Doorward answers.
async fn asked(rig: &mut Rig, credential: &str, answer: &Value) -> Result<(), Denied> {
    let (guard, shown) = (rig.guard.clone(), credential.to_owned());
    let asking = tokio::spawn(async move { guard.verify(&shown).await.map(|_| ()) });
    let request = rig.server.next("/introspect").await;
    assert_eq!(request.authorization.as_deref(), Some("Bearer dw_of_the_shop"));
    request.json(answer);
    asking.await.unwrap()
}

#[tokio::test]
async fn an_api_key_is_asked_about_once_and_remembered_for_ten_seconds() {
    let mut rig = with_introspection().await;
    let guard = rig.guard.clone();
    let asking = tokio::spawn(async move { guard.verify(KEY).await });
    let request = rig.server.next("/introspect").await;
    assert_eq!(request.body, "token=dw_key%26of%3Dsusan");
    request.json(&active());
    let identity = asking.await.unwrap().unwrap();
    assert_eq!((identity.user_id, identity.kind), (42, CredentialKind::ApiKey));
    assert_eq!(identity.username.as_deref(), Some("susan"));
    assert!(identity.has_scope("read") && !identity.has_scope("write"));
    // A key only narrows: of the user's roles those that are in its scopes.
    assert!(identity.has_role("editor") && !identity.has_role("admin"));

    rig.clock_to(NOW + 9);
    assert!(rig.verdict(KEY).await.is_ok());
    assert!(rig.guard.verify_now(KEY).is_ok());
    assert_eq!(rig.guard.status().introspections, 1);
    rig.clock_to(NOW + 10);
    assert_eq!(rig.guard.verify_now(KEY), Err(Denied::Stale));
    assert_eq!(asked(&mut rig, KEY, &json!({"active": false})).await, Err(Denied::BadSignature));
}

#[tokio::test]
async fn it_is_forgotten_when_the_feed_tells_of_its_user() {
    let mut rig = with_introspection().await;
    asked(&mut rig, KEY, &active()).await.unwrap();
    let other = json!({"sequence": 11, "kind": "roles", "user_id": 7, "roles": [], "at_ms": NOW, "until": NOW + HOUR});
    rig.tell(&news(11, &[other])).await;
    assert!(rig.guard.verify_now(KEY).is_ok());
    for (sequence, event) in [
        json!({"sequence": 12, "kind": "roles", "user_id": 42, "roles": [], "at_ms": NOW, "until": NOW + HOUR}),
        json!({"sequence": 13, "kind": "user", "user_id": 42, "valid_after_ms": 1, "until": NOW + HOUR}),
    ]
    .into_iter()
    .enumerate()
    {
        rig.tell(&news(12 + i64::try_from(sequence).unwrap(), &[event])).await;
        assert_eq!(rig.guard.verify_now(KEY), Err(Denied::Stale));
        asked(&mut rig, KEY, &active()).await.unwrap();
    }
}

#[tokio::test]
async fn where_it_is_off_an_api_key_is_refused_and_nobody_asked() {
    let mut rig = Rig::ready().await;
    assert_eq!(rig.verdict(KEY).await, Err(Denied::NotAccepted));
    assert!(!rig.server.has("/introspect"));
}

#[tokio::test]
async fn answers_that_let_nobody_in() {
    let mut rig = with_introspection().await;
    let with = |name: &str, value: Value| {
        let mut answer = active();
        answer[name] = value;
        answer
    };
    for (answer, expected) in [
        (json!({"active": false}), Denied::BadSignature),
        (with("active", json!("yes")), Denied::Stale),
        (with("roles", json!("admin")), Denied::Stale),
        (json!([]), Denied::Stale),
        (with("sub", Value::Null), Denied::NoSubject),
        (with("sub", json!("0")), Denied::NoSubject),
        (with("sub", json!("susan")), Denied::NoSubject),
        (with("exp", json!(NOW)), Denied::Expired),
        // A token under another kind's name.
        (with("doorward_kind", json!("jwt")), Denied::NotAccepted),
        (with("doorward_kind", Value::Null), Denied::NotAccepted),
    ] {
        assert_eq!(asked(&mut rig, KEY, &answer).await, Err(expected), "{answer}");
    }
    let long = format!("dw_{}", "a".repeat(1 << 20));
    assert!(matches!(rig.verdict(&long).await, Err(Denied::Malformed(_))));
    // Nothing was remembered of any of them.
    asked(&mut rig, KEY, &active()).await.unwrap();
}

#[tokio::test]
async fn when_doorward_does_not_answer_nobody_is_let_in_on_a_guess() {
    let mut rig = with_introspection().await;
    for frozen in [false, true] {
        let guard = rig.guard.clone();
        let asking = tokio::spawn(async move { guard.verify(KEY).await.map(|_| ()) });
        let request = rig.server.next("/introspect").await;
        if frozen {
            request.freeze("{");
            pass(Duration::from_secs(3)).await;
        } else {
            request.cut();
        }
        assert_eq!(asking.await.unwrap(), Err(Denied::Stale));
    }
}

#[tokio::test]
async fn many_that_are_unknown_ask_a_few_at_a_time() {
    let mut rig = with_introspection().await;
    let guard = rig.guard.clone();
    let asking: Vec<_> = (0..100)
        .map(|number| {
            let guard = guard.clone();
            tokio::spawn(async move { guard.verify(&format!("dw_{number}")).await.map(|_| ()) })
        })
        .collect();
    let mut waiting = Vec::new();
    for _ in 0..16 {
        waiting.push(rig.server.next("/introspect").await);
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!rig.server.has("/introspect"));
    pass(Duration::from_secs(3)).await;
    for task in asking {
        assert_eq!(task.await.unwrap(), Err(Denied::Stale));
    }
}

#[tokio::test]
async fn the_roles_of_a_flask_token_are_asked_for() {
    let mut rig = with_introspection().await;
    let token = sign_flask(b"secret", FlaskAlgorithm::Hs512, 42, None, NOW, NOW + HOUR);
    let answer =
        json!({"active": true, "sub": "42", "username": "susan", "roles": ["admin"], "doorward_kind": "flask"});
    asked(&mut rig, &token, &answer).await.unwrap();
    let identity = rig.guard.verify_now(&token).unwrap();
    assert!(identity.has_role("admin"));
    assert_eq!(identity.username.as_deref(), Some("susan"));
    assert_eq!(rig.guard.status().introspections, 1);

    let roles =
        json!({"sequence": 11, "kind": "roles", "user_id": 42, "roles": [], "at_ms": NOW * 1000, "until": NOW + HOUR});
    rig.tell(&news(11, &[roles])).await;
    assert_eq!(rig.guard.verify_now(&token), Err(Denied::Stale));
    assert_eq!(asked(&mut rig, &token, &json!({"active": true, "sub": "7"})).await, Err(Denied::NoSubject));
    assert_eq!(asked(&mut rig, &token, &json!({"active": false})).await, Err(Denied::Revoked));
    // A bad one is refused without asking.
    let forged = sign_flask(b"another", FlaskAlgorithm::Hs512, 42, None, NOW, NOW + HOUR);
    assert_eq!(rig.verdict(&forged).await, Err(Denied::BadSignature));
    assert!(!rig.server.has("/introspect"));
    until(|| rig.guard.status().introspections == 3).await;
}
