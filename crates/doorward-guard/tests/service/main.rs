//! The guard that follows a Doorward, against one by script.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod following;
mod guarding;
mod introspecting;
mod keys;
mod server;
mod vectors;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use doorward_guard::{
    Claims, Denied, Identity, ServiceGuard, ServiceGuardBuilder, SessionId, SigningKey, jwks, sign_jwt,
};
use serde_json::{Value, json};
use server::Server;

pub(crate) const NOW: i64 = 1_764_040_000;
pub(crate) const HOUR: i64 = 3600;
pub(crate) const SERVICE_KEY: &str = "dw_of_the_shop";

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn session(number: u8) -> SessionId {
    SessionId::new(u64::try_from(NOW * 1000).unwrap(), [number; 10])
}

/// A token of user 42 in this session, by the key with this seed.
pub(crate) fn token(seed: u8, number: u8) -> String {
    token_called(seed, number, "1")
}

pub(crate) fn token_called(seed: u8, number: u8, token_id: &str) -> String {
    sign_jwt(
        &key(seed),
        &Claims {
            issuer: "doorward",
            audience: "doorward",
            user_id: 42,
            session_id: session(number),
            token_id,
            issued_at: NOW,
            expires_at: NOW + HOUR,
            roles: &["admin".to_owned()],
            username: Some("susan"),
        },
    )
}

pub(crate) fn snapshot(sequence: i64) -> Value {
    json!({
        "sequence": sequence,
        "age_ms": 0,
        "snapshot": {"sessions": "", "tokens": "", "users": [], "roles": []},
        "events": [],
    })
}

pub(crate) fn news(sequence: i64, events: &[Value]) -> Value {
    json!({"sequence": sequence, "age_ms": 0, "events": events})
}

pub(crate) fn ended(sequence: i64, number: u8) -> Value {
    json!({"sequence": sequence, "kind": "session", "session_id": session(number).to_string(), "until": NOW + HOUR})
}

pub(crate) fn key_set(seeds: &[u8]) -> Value {
    jwks(&seeds.iter().map(|seed| key(*seed).public().clone()).collect::<Vec<_>>())
}

/// A guard and the Doorward that it follows.
pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) guard: ServiceGuard,
    pub(crate) clock: Arc<AtomicI64>,
}

impl Rig {
    /// Nothing is answered yet.
    pub(crate) async fn silent(change: impl FnOnce(ServiceGuardBuilder) -> ServiceGuardBuilder) -> Self {
        let server = Server::start().await;
        let clock = Arc::new(AtomicI64::new(NOW));
        let read = Arc::clone(&clock);
        let builder = ServiceGuard::builder(server.url(), SERVICE_KEY).clock(move || {
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(read.load(Ordering::Relaxed)).unwrap())
        });
        let guard = change(builder).start().unwrap();
        Self { server, guard, clock }
    }

    /// It has heard of everything: sequence 10, the key with seed 1.
    pub(crate) async fn ready_with(change: impl FnOnce(ServiceGuardBuilder) -> ServiceGuardBuilder) -> Self {
        let mut rig = Self::silent(change).await;
        rig.server.next("/revocations").await.json(&snapshot(10));
        rig.server.next("/.well-known/jwks.json").await.json(&key_set(&[1]));
        rig.guard.ready().await;
        rig
    }

    pub(crate) async fn ready() -> Self {
        Self::ready_with(|builder| builder).await
    }

    /// Answers the waiting request for news, and returns when it was taken in: the next one waits.
    pub(crate) async fn tell(&mut self, answer: &Value) {
        self.server.next("/revocations").await.json(answer);
        let next = self.server.next("/revocations").await;
        self.server.put_back(next);
    }

    pub(crate) async fn verdict(&self, token: &str) -> Result<Arc<Identity>, Denied> {
        self.guard.verify(token).await
    }

    pub(crate) fn clock_to(&self, now: i64) {
        self.clock.store(now, Ordering::Relaxed);
    }
}

/// Waits for what another task does, without a clock.
pub(crate) async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}
