//! The guard seen from outside, in one binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attacks;
mod fixtures;
mod keys;
mod properties;
mod remembering;
mod revocation_model;
mod threads;
mod vectors;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_guard::{Claims, Guard, GuardConfig, KeySet, SessionId, SigningKey, sign_jwt};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "doorward";
pub(crate) const SECRET: &[u8] = b"rig-secret-key-2020";
pub(crate) const SEED: [u8; 32] = [7; 32];
/// 2020-03-15 03:50:00 UTC.
pub(crate) const NOW: i64 = 1_584_244_200;
pub(crate) const HOUR: i64 = 3600;

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_seed(&SEED).unwrap()
}

pub(crate) fn config() -> GuardConfig {
    GuardConfig { max_staleness: None, ..GuardConfig::new(ISSUER, AUDIENCE) }
}

pub(crate) fn key_set() -> KeySet {
    KeySet { ed25519: vec![signing_key().public().clone()], flask_secrets: vec![SECRET.to_vec()] }
}

/// Accepts both formats.
pub(crate) fn guard() -> Guard {
    let guard = Guard::new(config());
    guard.replace_keys(key_set());
    guard
}

pub(crate) fn session(began: i64) -> SessionId {
    SessionId::new(u64::try_from(began).unwrap() * 1000, [0xa5; 10])
}

pub(crate) fn claims() -> Claims<'static> {
    Claims {
        issuer: ISSUER,
        audience: AUDIENCE,
        user_id: 42,
        session_id: session(NOW),
        token_id: "0170dc25",
        issued_at: NOW,
        expires_at: NOW + HOUR,
        roles: &[],
        username: Some("susan"),
    }
}

pub(crate) fn jwt() -> String {
    sign_jwt(&signing_key(), &claims())
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token whose parts may be anything, well signed with the guard's own Ed25519 key.
pub(crate) fn eddsa(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(payload));
    let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).unwrap();
    let signature = base64url(pair.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The same with HMAC under any key.
pub(crate) fn hmac(algorithm: aws_lc_rs::hmac::Algorithm, key: &[u8], header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(payload));
    let tag = aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(algorithm, key), signed.as_bytes());
    format!("{signed}.{}", base64url(tag))
}
