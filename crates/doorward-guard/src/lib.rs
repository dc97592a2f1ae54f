//! Know who is asking.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

mod cache;
mod credentials;
mod denied;
mod guard;
mod identity;
mod keys;
mod revocations;
mod session_id;
mod token;

pub use credentials::{API_KEY_PREFIX, Credential, CredentialSource, Credentials};
pub use denied::Denied;
pub use guard::{Guard, GuardConfig, GuardStats};
pub use identity::{CredentialKind, Format, Identity};
pub use keys::{InvalidKey, KeySet, SigningKey, VerifyingKey, jwks};
pub use revocations::{Revocation, RevocationMark, Revocations};
pub use session_id::{InvalidSessionId, SessionId};
pub use token::{Claims, FlaskAlgorithm, MAX_TOKEN_BYTES, sign_flask, sign_jwt};
