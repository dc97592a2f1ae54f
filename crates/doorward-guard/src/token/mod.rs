//! The two wire forms of a token. Which one a token has is read from its header's `alg`, and from then on only the one
//! algorithm that is configured for that form counts, never the token's wish (RFC 8725 §3.1).

mod assertion;
mod compact;
mod flask;
mod json;
mod jwt;

pub use assertion::{Assertion, sign_assertion};
pub use compact::MAX_TOKEN_BYTES;
pub(crate) use compact::base64url;
pub use flask::{FlaskAlgorithm, sign_flask};
pub use jwt::{Claims, ExtraClaimsRefused, sign_jwt, sign_jwt_with};

use crate::guard::GuardConfig;
use crate::keys::Keys;
use crate::{Denied, Identity};

/// Parses and verifies a token of either form at `now` (unix seconds).
pub(crate) fn verify(token: &str, keys: &Keys, config: &GuardConfig, now: i64) -> Result<Identity, Denied> {
    let token = compact::Compact::parse(token)?;
    let identity = match token.header.string("alg")? {
        Some("EdDSA") => jwt::verify(&token, keys, config, now)?,
        Some(alg) if keys.accept_flask() && alg == config.flask_algorithm.name() => flask::verify(&token, keys)?,
        Some(_) => return Err(Denied::WrongAlgorithm),
        None => return Err(Denied::Malformed("no alg in the header")),
    };
    if identity.is_expired(now) {
        return Err(Denied::Expired);
    }
    // An `iat` ahead of every clock would outlive a "log out everywhere" of today.
    if identity.issued_at > now.saturating_add(config.future_skew_seconds) {
        return Err(Denied::NotYetValid);
    }
    Ok(identity)
}
