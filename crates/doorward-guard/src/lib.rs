//! Know who is asking.
//!
//! This crate is what a service needs to guard its doors: it verifies access tokens, holds what was revoked, and remembers what
//! it verified, so that a token costs its signature once and a look-up from then on. It has no database, no runtime and no HTTP
//! server; eight dependencies: `aws-lc-rs` (all cryptography), `base64`, `http` (for its header map), `parking_lot`,
//! `quick_cache`, `serde`, `serde_json`, `thiserror`, which are 30 crates in all.
//!
//! # Features
//!
//! None is on by itself. A service beside a Doorward wants `follow` and the door of its framework.
//!
//! | feature | brings | crates more, in all |
//! | --- | --- | --- |
//! | `follow` | `ServiceGuard`: follows Doorward's revocations and keys over HTTP in two tokio tasks, asks about API keys | 29: `tokio`, `hyper`, `rustls` and what they stand on |
//! | `tower` | `tower::GuardLayer`, around any HTTP service | 1 on top of `follow` |
//! | `axum` | `axum::CurrentUser` and `axum::RequireRole` for axum 0.8 | 4 on top of `follow`, all of them axum's own |
//! | `tonic` | `tonic::GuardInterceptor` for tonic 0.14 | 12 on top of `follow`, all of them tonic's own |
//! | `metrics` | counters through the `metrics` facade | 3 on top of `follow` |
//! | `outbound` | the bounded HTTP client that `follow` asks with, alone | part of `follow` |
//!
//! # The guard alone
//!
//! ```
//! use doorward_guard::{Claims, Denied, Guard, GuardConfig, KeySet, Revocation, SessionId, SigningKey, sign_jwt};
//!
//! let now = 1_584_244_200; // unix seconds; time always comes from the caller
//! let key = SigningKey::generate()?;
//! let session_id = SessionId::new(1_584_244_200_000, [7; 10]); // the ten bytes from a random generator
//! let token = sign_jwt(&key, &Claims {
//!     issuer: "https://id.example",
//!     audience: "shop",
//!     user_id: 42,
//!     session_id,
//!     token_id: "1",
//!     issued_at: now,
//!     expires_at: now + 3600,
//!     roles: &["admin".to_owned()],
//!     username: Some("susan"),
//! });
//!
//! let guard = Guard::new(GuardConfig::new("https://id.example", "shop"));
//! guard.replace_keys(KeySet { ed25519: vec![key.public().clone()], ..KeySet::default() });
//! guard.revocations().confirm_fresh(now); // the feed of revocations was read to its end
//!
//! let identity = guard.verify(&token, now).unwrap();
//! assert_eq!(identity.user_id, 42);
//! assert!(identity.has_role("admin"));
//!
//! // Susan logs out, here or anywhere: the feed brings it.
//! guard.revocations().apply(1, &[Revocation::Session { id: session_id, until: now + 3600 }]);
//! assert_eq!(guard.verify(&token, now), Err(Denied::Revoked));
//! # Ok::<(), doorward_guard::InvalidKey>(())
//! ```
//!
//! # Tokens
//!
//! Two formats are accepted, whichever is issued. Which one a token claims to be is read from `alg` in its header; from then on
//! only the algorithm that is configured for that format counts (RFC 8725 §3.1), and only that format's keys.
//!
//! | | `jwt` | `flask` |
//! | --- | --- | --- |
//! | form | JWT access token (RFC 7519), profile of RFC 9068 | itsdangerous 1.1, `TimedJSONWebSignatureSerializer` |
//! | signature | `EdDSA` with Ed25519 (RFC 8037), key named by `kid` | HMAC (HS512 unless configured otherwise) under the secret itself |
//! | times | `iat`, `exp`, `nbf` in the claims; over *at* `exp` | `iat`, `exp` in the header; still good at `exp` |
//! | user | `sub`, decimal | `id` |
//! | session | `sid`, required | `sid`; the application's own tokens have none |
//! | besides | `typ: at+jwt`, `iss`, `aud`, `jti`; `roles`, `preferred_username` may be missing | |
//!
//! The one departure from RFC 9068 §2.2: there is no `client_id`, since no OAuth client takes part in a login.
//!
//! Reading is strict, so that a token has one spelling and one meaning: base64url without padding and with unused bits zero, no
//! JSON member twice at any depth, times that are integers, at most [`MAX_TOKEN_BYTES`]. `crit`, `zip` and encrypted tokens are
//! refused. `jku`, `jwk`, `x5u` and `x5c` are ignored, and nothing is ever fetched. What is refused says why twice: see
//! [`Denied`].
//!
//! # Remembering and revoking
//!
//! A credential is found by its whole bytes and kind, so that none can be mistaken for another. Each remembered one carries the
//! version of the revocations at which it was last found good: while nothing new is revoked, a request costs one look-up and
//! the comparison of two numbers. When [`Revocations::apply`] has returned, what it concerns gets in nowhere; when
//! [`Guard::replace_keys`] has returned, neither does what a withdrawn key signed.
//!
//! A token speaks for itself. A session cookie or an API key only names a row that the caller reads; when that row's user was
//! changed, [`Guard::recall`] answers `None` and the row is read again.
//!
//! The guard does not fetch the feed of revocations, whoever uses it does (`ServiceGuard` of the feature `follow` is one who does), and
//! says with [`Revocations::confirm_fresh`] when it
//! was read to its end. Past [`GuardConfig::max_staleness`] everything is refused as [`Denied::Stale`].
//!
//! A remembered credential costs its own length (a JWT about 500 bytes, a Flask token 165) and 360 bytes more, at most
//! [`GuardConfig::cache_capacity`] times; what a revocation costs stands at [`Revocations`]. [`Guard::prune`] gives back what is over.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on has failed"))]

#[cfg(any(feature = "axum", feature = "tower"))]
mod answer;
#[cfg(feature = "axum")]
pub mod axum;
mod cache;
mod credentials;
mod denied;
mod guard;
mod identity;
mod keys;
#[cfg(feature = "outbound")]
pub mod outbound;
mod revocations;
#[cfg(feature = "follow")]
mod service;
mod session_id;
mod token;
#[cfg(feature = "tonic")]
pub mod tonic;
#[cfg(feature = "tower")]
pub mod tower;

pub use credentials::{API_KEY_PREFIX, Credential, CredentialSource, Credentials};
pub use denied::Denied;
pub use guard::{Guard, GuardConfig, GuardStats};
pub use identity::{CredentialKind, Format, Identity};
pub use keys::{InvalidKey, KeySet, SigningKey, VerifyingKey, jwks};
pub use revocations::{Revocation, RevocationMark, RevocationSnapshot, Revocations};
#[cfg(feature = "follow")]
pub use service::{InvalidSetup, ServiceGuard, ServiceGuardBuilder, ServiceGuardStatus, WhenStale};
pub use session_id::{InvalidSessionId, SessionId};
pub use token::{
    Assertion, Claims, ExtraClaimsRefused, FlaskAlgorithm, MAX_TOKEN_BYTES, sign_assertion, sign_flask, sign_jwt,
    sign_jwt_with,
};
