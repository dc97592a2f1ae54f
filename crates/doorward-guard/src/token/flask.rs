//! Format `flask`: what itsdangerous 1.1's `TimedJSONWebSignatureSerializer` writes and reads.
//!
//! `iat` and `exp` stand in the header, and the HMAC is under the application's `SECRET_KEY` itself.

use aws_lc_rs::hmac;

use super::base64url;
use super::compact::Compact;
use super::json::{Object, Value};
use super::jwt::user_id;
use crate::keys::Keys;
use crate::{CredentialKind, Denied, Format, Identity, SessionId};

/// The algorithm of Flask tokens: the serializer's `algorithm_name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FlaskAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512, which itsdangerous takes unless told otherwise.
    #[default]
    Hs512,
}

impl FlaskAlgorithm {
    /// Its name in a token's header (RFC 7518 §3.2).
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    pub(crate) fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Hs256 => hmac::HMAC_SHA256,
            Self::Hs384 => hmac::HMAC_SHA384,
            Self::Hs512 => hmac::HMAC_SHA512,
        }
    }
}

/// Writes and signs a token that the Flask application accepts too.
///
/// `issued_at` and `expires_at` are unix seconds; at `expires_at` it is still valid. Without a `session_id` it is, byte for
/// byte, what the application would have written.
pub fn sign_flask(
    secret: &[u8],
    algorithm: FlaskAlgorithm,
    user_id: i64,
    session_id: Option<SessionId>,
    issued_at: i64,
    expires_at: i64,
) -> String {
    let header = format!(r#"{{"alg":"{}","iat":{issued_at},"exp":{expires_at}}}"#, algorithm.name());
    let payload = match session_id {
        Some(session_id) => format!(r#"{{"id":{user_id},"sid":"{session_id}"}}"#),
        None => format!(r#"{{"id":{user_id}}}"#),
    };
    let mut token = base64url(header.as_bytes());
    token.push('.');
    token.push_str(&base64url(payload.as_bytes()));
    let tag = hmac::sign(&hmac::Key::new(algorithm.hmac(), secret), token.as_bytes());
    token.push('.');
    token.push_str(&base64url(tag.as_ref()));
    token
}

/// The caller has seen to it that the header's `alg` is the configured one.
pub(super) fn verify(token: &Compact<'_>, keys: &Keys) -> Result<Identity, Denied> {
    let serial = keys.flask_signer(token.signed, &token.signature).ok_or(Denied::BadSignature)?;
    let issued_at = token.header.time("iat")?.ok_or(Denied::Malformed("no iat in the header"))?;
    let expires_at = token.header.time("exp")?.ok_or(Denied::Malformed("no exp in the header"))?;

    // The application signs any payload: one that is no object is well-formed, and for nobody.
    let Value::Object(payload) = Value::parse(&token.payload)? else {
        return Err(Denied::NoSubject);
    };
    let user_id = subject(&payload).ok_or(Denied::NoSubject)?;
    let session_id = match payload.string("sid")? {
        Some(sid) => Some(sid.parse().map_err(|_| Denied::Malformed("sid is not a session id"))?),
        None => None,
    };
    let mut identity = Identity::new(CredentialKind::AccessToken, token.token, user_id, issued_at, expires_at);
    identity.session_id = session_id;
    identity.format = Some(Format::Flask);
    identity.key = serial;
    Ok(identity)
}

fn subject(payload: &Object) -> Option<i64> {
    match payload.get("id")? {
        Value::Integer(id) if *id >= 1 => Some(*id),
        Value::String(id) => user_id(id),
        _ => None,
    }
}
