//! Tokens, good and bad, from fixed keys at a fixed time.

use aws_lc_rs::hmac::{Algorithm, HMAC_SHA512};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_guard::{FlaskAlgorithm, SessionId, SigningKey, sign_flask};

use super::form::session;

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "doorward";
pub(crate) const SECRET: &str = "a secret of the vectors";
pub(crate) const SEED: [u8; 32] = [7; 32];
pub(crate) const OTHER_SEED: [u8; 32] = [9; 32];
pub(crate) const NOW: i64 = 1_764_040_000;
/// Every good token was issued five minutes ago and lives for an hour.
pub(crate) const ISSUED: i64 = NOW - 300;
pub(crate) const EXPIRES: i64 = ISSUED + 3600;

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::from_seed(&SEED).unwrap()
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token whose parts may be anything, well signed with the guard's own Ed25519 key.
pub(crate) fn eddsa(header: &str, payload: &str) -> String {
    eddsa_by(&SEED, header, payload)
}

pub(crate) fn eddsa_by(seed: &[u8; 32], header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(payload));
    let signature = Ed25519KeyPair::from_seed_unchecked(seed).unwrap().sign(signed.as_bytes());
    format!("{signed}.{}", base64url(signature))
}

/// The same with HMAC under any key.
pub(crate) fn hmac(algorithm: Algorithm, key: &[u8], header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(payload));
    let tag = aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(algorithm, key), signed.as_bytes());
    format!("{signed}.{}", base64url(tag))
}

/// Well signed with the guard's own secret.
pub(crate) fn hs512(header: &str, payload: &str) -> String {
    hmac(HMAC_SHA512, SECRET.as_bytes(), header, payload)
}

/// The header of a good JWT with more members.
pub(crate) fn jwt_header(more: &str) -> String {
    format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"{more}}}"#, signing_key().kid())
}

/// The claims of a good JWT, where `value` stands in the place of the member `name`; nothing if it is empty.
pub(crate) fn claims(name: &str, value: &str) -> String {
    let members = [
        ("iss", format!("\"{ISSUER}\"")),
        ("aud", format!("\"{AUDIENCE}\"")),
        ("sub", "\"42\"".to_owned()),
        ("iat", ISSUED.to_string()),
        ("exp", EXPIRES.to_string()),
        ("jti", "\"1\"".to_owned()),
        ("sid", format!("\"{}\"", session())),
    ];
    let mut written: Vec<_> = members
        .iter()
        .filter(|(member, _)| *member != name)
        .map(|(member, value)| format!("\"{member}\":{value}"))
        .collect();
    if !value.is_empty() {
        written.push(format!("\"{name}\":{value}"));
    }
    format!("{{{}}}", written.join(","))
}

/// A good JWT with a claim changed.
pub(crate) fn jwt_with(name: &str, value: &str) -> String {
    eddsa(&jwt_header(""), &claims(name, value))
}

/// The good JWT, as Doorward writes it: user 42, called susan, an administrator.
pub(crate) fn jwt() -> String {
    doorward_guard::sign_jwt(
        &signing_key(),
        &doorward_guard::Claims {
            issuer: ISSUER,
            audience: AUDIENCE,
            user_id: 42,
            session_id: session(),
            token_id: "0170dc25",
            issued_at: ISSUED,
            expires_at: EXPIRES,
            roles: &["admin".to_owned()],
            username: Some("susan"),
        },
    )
}

pub(crate) fn flask_header(iat: &str, exp: &str) -> String {
    format!(r#"{{"alg":"HS512","iat":{iat},"exp":{exp}}}"#)
}

/// The header of a good Flask token.
pub(crate) fn good_flask_header() -> String {
    flask_header(&ISSUED.to_string(), &EXPIRES.to_string())
}

/// A good Flask token of user 42, with or without a session.
pub(crate) fn flask(session_id: Option<SessionId>) -> String {
    sign_flask(SECRET.as_bytes(), FlaskAlgorithm::Hs512, 42, session_id, ISSUED, EXPIRES)
}
