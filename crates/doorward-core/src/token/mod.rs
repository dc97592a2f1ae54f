//! Access tokens and refresh tokens: issued at sign-in, verified at every request, renewed.

mod authenticate;
mod inspect;
mod introspect;
mod issue;
mod refresh;
mod refresh_token;

pub use authenticate::{authenticate, recall};
pub use inspect::{Inspection, inspect};
pub use introspect::{Introspected, introspect};
pub use issue::{IssuedTokens, Owner, issue_within};
pub use refresh::refresh;
pub use refresh_token::delete_outdated_refresh_tokens;

/// How long what was read of a session cookie is remembered, in seconds.
pub(crate) const COOKIE_MEMORY_SECONDS: i64 = 3_600;
/// The same of an API key.
pub(crate) const ROW_MEMORY_SECONDS: i64 = COOKIE_MEMORY_SECONDS;
