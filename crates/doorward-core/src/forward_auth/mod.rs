//! Who may ask what of the services behind a proxy: rules by host, path and method, and what is told of whoever is let
//! in. The proxy asks before it lets a request through.
//!
//! A rule is only as good as its reading of the path: what a server behind the proxy could read differently is refused
//! ([`Unforwarded::PathAmbiguous`]), and what no rule names is refused too.

mod assertion;
mod email;
mod host;
mod judge;
mod original;
mod path;
mod path_pattern;
mod refusal;
mod requirement;
mod return_address;
mod rule;

pub use assertion::{ASSERTION_SECONDS, assertion};
pub(crate) use email::Addresses;
pub use email::confirmed_email;
pub use host::{Host, HostPattern, NoHost};
pub use judge::{admits_nobody, would_admit};
pub use original::{Original, Scheme};
pub use path::{Ambiguity, NormalPath};
pub use path_pattern::{NoPathPattern, PathPattern};
pub use refusal::Unforwarded;
pub use requirement::{NoRequirement, Require, Requirement};
pub use return_address::sign_in_address;
pub use rule::{Rule, admit, rule_for};
