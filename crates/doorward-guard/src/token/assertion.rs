//! What a proxy tells a service behind it of whoever was let in, signed. It is verified as any JWT is, and never stands in for an
//! access token: its `typ` is another (RFC 8725 §3.11).

use serde::Serialize;

use super::jwt;
use crate::SigningKey;

/// What an assertion says.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// `iss`: who says so.
    pub issuer: &'a str,
    /// `aud`: to whom.
    pub audience: &'a str,
    /// `sub`: the user's id.
    pub user_id: i64,
    /// `jti`: its own name.
    pub token_id: &'a str,
    /// `iat`, unix seconds.
    pub issued_at: i64,
    /// `exp`, unix seconds: at this second it is over.
    pub expires_at: i64,
    /// `roles`; left out when there are none.
    pub roles: &'a [Box<str>],
    /// `preferred_username`.
    pub username: Option<&'a str>,
    /// `email`.
    pub email: Option<&'a str>,
}

#[derive(Serialize)]
struct Wire<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    iat: i64,
    exp: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "<[Box<str>]>::is_empty")]
    roles: &'a [Box<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

/// Writes and signs an assertion, a JWT with `typ: assertion+jwt`.
#[expect(clippy::missing_panics_doc, reason = "strings and integers always serialize")]
pub fn sign_assertion(key: &SigningKey, assertion: &Assertion<'_>) -> String {
    let wire = Wire {
        iss: assertion.issuer,
        aud: assertion.audience,
        sub: assertion.user_id.to_string(),
        iat: assertion.issued_at,
        exp: assertion.expires_at,
        jti: assertion.token_id,
        roles: assertion.roles,
        preferred_username: assertion.username,
        email: assertion.email,
    };
    jwt::sign(key, "assertion+jwt", &serde_json::to_vec(&wire).expect("strings and integers always serialize"))
}
