use std::io::Read as _;

use aws_lc_rs::hmac::{self, Algorithm, Key};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::read::ZlibDecoder;
use serde_json::{Map, Value};

use crate::settings::FlaskDigest;

/// The most that a session may hold once it is unpacked, in bytes. A browser keeps 4 KB of a cookie.
const MOST_BYTES: u64 = 64 * 1024;

/// What a session cookie says, and when it was signed.
pub(super) struct Signed {
    pub(super) session: Map<String, Value>,
    /// Unix seconds.
    pub(super) signed_at: i64,
}

/// Reads what itsdangerous' `URLSafeTimedSerializer` wrote with `key_derivation="hmac"`, as `flask.sessions` uses it:
/// `payload.time.signature`, a payload with a dot in front being packed by zlib.
pub(super) fn read(secrets: &[&[u8]], salt: &str, digest: FlaskDigest, cookie: &str) -> Option<Signed> {
    let (value, signature) = cookie.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let is_signed = secrets.iter().any(|secret| {
        let derived = hmac::sign(&Key::new(algorithm(digest), secret), salt.as_bytes());
        hmac::verify(&Key::new(algorithm(digest), derived.as_ref()), value.as_bytes(), &signature).is_ok()
    });
    if !is_signed {
        return None;
    }
    let (payload, time) = value.rsplit_once('.')?;
    let time = URL_SAFE_NO_PAD.decode(time).ok().filter(|bytes| bytes.len() <= 7)?;
    let signed_at = time.iter().fold(0, |sum, byte| sum << 8 | i64::from(*byte));
    let json = match payload.strip_prefix('.') {
        Some(packed) => unpack(&URL_SAFE_NO_PAD.decode(packed).ok()?)?,
        None => URL_SAFE_NO_PAD.decode(payload).ok()?,
    };
    let Value::Object(session) = serde_json::from_slice(&json).ok()? else { return None };
    Some(Signed { session, signed_at })
}

fn algorithm(digest: FlaskDigest) -> Algorithm {
    match digest {
        FlaskDigest::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        FlaskDigest::Sha256 => hmac::HMAC_SHA256,
        FlaskDigest::Sha512 => hmac::HMAC_SHA512,
    }
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut json = Vec::new();
    let read = ZlibDecoder::new(packed).take(MOST_BYTES + 1).read_to_end(&mut json).ok()?;
    (u64::try_from(read).ok()? <= MOST_BYTES).then_some(json)
}
