use doorward_guard::{Assertion, Identity, sign_assertion};

use super::{Original, Rule};
use crate::{Doorward, Error, random_bytes};

/// How long an assertion is good, in seconds.
pub const ASSERTION_SECONDS: i64 = 60;

/// What the service behind can verify by `/.well-known/jwks.json` instead of trusting the network: who was let in, to what.
/// It is no access token, and none accepts it as one: its `typ` is another.
///
/// # Errors
/// There is no key to sign with.
pub fn assertion(
    doorward: &Doorward,
    rule: &Rule,
    original: &Original,
    identity: &Identity,
    email: Option<&str>,
) -> Result<String, Error> {
    let now = doorward.now().unix();
    let origin = original.origin();
    let token_id = format!("{:032x}", u128::from_be_bytes(random_bytes(doorward.randomness())));
    Ok(sign_assertion(
        doorward.signing().current()?.as_ref(),
        &Assertion {
            issuer: doorward.settings().issuer(),
            audience: rule.audience.as_deref().unwrap_or(&origin),
            user_id: identity.user_id,
            token_id: &token_id,
            issued_at: now,
            // Not longer than what was shown for it.
            expires_at: identity.expires_at.min(now + ASSERTION_SECONDS),
            roles: &identity.roles,
            username: identity.username.as_deref(),
            email,
        },
    ))
}
