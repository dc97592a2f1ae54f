//! Format `jwt`: a JWT access token (RFC 7519, RFC 9068) signed with Ed25519 (RFC 8037).

use std::sync::Arc;

use serde::Serialize;

use super::base64url;
use super::compact::Compact;
use super::json::{Object, Value};
use crate::guard::GuardConfig;
use crate::keys::Keys;
use crate::{CredentialKind, Denied, Format, Identity, SessionId, SigningKey};

/// The `typ` of what is written (RFC 9068 §2.1).
const ACCESS_TOKEN: &str = "at+jwt";

/// What an access token says.
#[derive(Debug, Clone, Copy)]
pub struct Claims<'a> {
    /// `iss`: who issues it.
    pub issuer: &'a str,
    /// `aud`: for whom it is.
    pub audience: &'a str,
    /// `sub`: the user's id, at least 1.
    pub user_id: i64,
    /// `sid`: the session it belongs to.
    pub session_id: SessionId,
    /// `jti`: the token's own name, unique among all that the issuer ever makes.
    pub token_id: &'a str,
    /// `iat`, unix seconds.
    pub issued_at: i64,
    /// `exp`, unix seconds: at this second it is over.
    pub expires_at: i64,
    /// `roles` (RFC 9068 §2.2.3.1); left out when there are none.
    pub roles: &'a [String],
    /// `preferred_username` (`OpenID` Connect Core §5.1).
    pub username: Option<&'a str>,
}

#[derive(Serialize)]
struct WireHeader<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Serialize)]
struct WireClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    iat: i64,
    exp: i64,
    jti: &'a str,
    sid: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    roles: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
}

/// Claims that an application may not add: those of RFC 7519 §4.1, RFC 9068 §2.2, RFC 7800 and RFC 8693,
/// and what Doorward itself says or will say.
const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "roles",
    "groups",
    "entitlements",
    "permissions",
    "preferred_username",
    "scope",
    "client_id",
    "azp",
    "auth_time",
    "acr",
    "amr",
    "nonce",
    "cnf",
    "act",
    "may_act",
    "epoch",
    "user_id",
];

/// How long the claims that an application adds may be in all, in bytes: the token has to fit into a header.
const MAX_EXTRA_BYTES: usize = 2_048;

/// Why claims of an application can't stand in a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtraClaimsRefused {
    /// The claim is registered, or Doorward's own.
    #[error("the claim `{0}` is not the application's to set")]
    Reserved(String),
    /// They are longer than 2,048 bytes, more than 32, or nested more than twice.
    #[error("the added claims are longer than 2048 bytes, more than 32, or nested more than twice")]
    TooLarge,
}

/// Writes and signs an access token.
pub fn sign_jwt(key: &SigningKey, claims: &Claims<'_>) -> String {
    sign(key, ACCESS_TOKEN, &serialize(claims))
}

/// The same with claims of the application's own.
///
/// # Errors
/// [`ExtraClaimsRefused`]: what the application adds never takes the place of what Doorward says.
pub fn sign_jwt_with(
    key: &SigningKey,
    claims: &Claims<'_>,
    extra: &serde_json::Map<String, serde_json::Value>,
) -> Result<String, ExtraClaimsRefused> {
    let mut payload = serialize(claims);
    if let Some(name) = extra.keys().find(|name| RESERVED.contains(&name.as_str())) {
        return Err(ExtraClaimsRefused::Reserved(name.clone()));
    }
    if extra.is_empty() {
        return Ok(sign(key, ACCESS_TOKEN, &payload));
    }
    let added = serde_json::to_vec(extra).map_err(|_| ExtraClaimsRefused::TooLarge)?;
    if added.len() > MAX_EXTRA_BYTES || extra.len() > 32 {
        return Err(ExtraClaimsRefused::TooLarge);
    }
    // Two objects, neither of them empty, become one.
    payload.pop();
    payload.push(b',');
    payload.extend_from_slice(&added[1..]);
    // What would be refused when it comes back is not made.
    Object::parse(&payload).map_err(|_| ExtraClaimsRefused::TooLarge)?;
    Ok(sign(key, ACCESS_TOKEN, &payload))
}

fn serialize(claims: &Claims<'_>) -> Vec<u8> {
    let claims = WireClaims {
        iss: claims.issuer,
        aud: claims.audience,
        sub: claims.user_id.to_string(),
        iat: claims.issued_at,
        exp: claims.expires_at,
        jti: claims.token_id,
        sid: claims.session_id.to_string(),
        roles: claims.roles,
        preferred_username: claims.username,
    };
    serde_json::to_vec(&claims).expect("strings and integers always serialize")
}

/// A JWT of this `typ`.
pub(super) fn sign(key: &SigningKey, typ: &str, payload: &[u8]) -> String {
    let header = WireHeader { alg: "EdDSA", typ, kid: key.kid() };
    let header = serde_json::to_vec(&header).expect("strings always serialize");
    let mut token = base64url(&header);
    token.push('.');
    token.push_str(&base64url(payload));
    let signature = key.sign(token.as_bytes());
    token.push('.');
    token.push_str(&base64url(signature.as_ref()));
    token
}

pub(super) fn verify(token: &Compact<'_>, keys: &Keys, config: &GuardConfig, now: i64) -> Result<Identity, Denied> {
    // RFC 9068 §4 allows both spellings.
    match token.header.string("typ")? {
        Some("at+jwt" | "application/at+jwt") => {}
        _ => return Err(Denied::WrongType),
    }
    let kid = token.header.string("kid")?.ok_or(Denied::UnknownKey)?;
    let (serial, key) = keys.named(kid).ok_or(Denied::UnknownKey)?;
    key.verify_sig(token.signed, &token.signature).map_err(|_| Denied::BadSignature)?;

    let claims = Object::parse(&token.payload)?;
    if claims.string("iss")? != Some(&config.issuer) {
        return Err(Denied::WrongIssuer);
    }
    if !names_audience(claims.get("aud"), &config.audience)? {
        return Err(Denied::WrongAudience);
    }
    let user_id = claims.string("sub")?.and_then(user_id).ok_or(Denied::NoSubject)?;
    let issued_at = claims.time("iat")?.ok_or(Denied::Malformed("no iat"))?;
    let expires_at = claims.time("exp")?.ok_or(Denied::Malformed("no exp"))?;
    let not_before = claims.time("nbf")?.unwrap_or(issued_at);
    if not_before > now.saturating_add(config.future_skew_seconds) {
        return Err(Denied::NotYetValid);
    }
    if claims.string("jti")?.is_none_or(str::is_empty) {
        return Err(Denied::Malformed("no jti"));
    }
    let session_id: SessionId = claims
        .string("sid")?
        .and_then(|sid| sid.parse().ok())
        .ok_or(Denied::Malformed("no sid, or not a session id"))?;
    let mut identity = Identity::new(CredentialKind::AccessToken, token.token, user_id, issued_at, expires_at);
    identity.session_id = Some(session_id);
    identity.format = Some(Format::Jwt);
    identity.roles = roles(claims.get("roles"))?;
    identity.username = claims.string("preferred_username")?.map(Box::from);
    identity.key = serial;
    Ok(identity)
}

/// A user id in decimal, as it would be written: no sign, no leading zero.
pub(super) fn user_id(text: &str) -> Option<i64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if canonical { text.parse().ok() } else { None }
}

/// `aud` is a string or an array of them (RFC 7519 §4.1.3).
fn names_audience(aud: Option<&Value>, audience: &str) -> Result<bool, Denied> {
    match aud {
        None => Ok(false),
        Some(Value::String(name)) => Ok(name == audience),
        Some(Value::Array(names)) => {
            let mut found = false;
            for name in names {
                let Value::String(name) = name else {
                    return Err(Denied::Malformed("aud holds something other than strings"));
                };
                found |= name == audience;
            }
            Ok(found)
        }
        Some(_) => Err(Denied::Malformed("aud is neither a string nor an array")),
    }
}

fn roles(value: Option<&Value>) -> Result<Arc<[Box<str>]>, Denied> {
    let names = match value {
        None => return Ok(Arc::default()),
        Some(Value::Array(names)) => names,
        Some(_) => return Err(Denied::Malformed("roles is not an array")),
    };
    names
        .iter()
        .map(|name| match name {
            Value::String(name) => Ok(Box::from(name.as_str())),
            _ => Err(Denied::Malformed("roles holds something other than strings")),
        })
        .collect()
}
