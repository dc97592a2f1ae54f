use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_lc_rs::digest;

use crate::SessionId;
use crate::keys::KeySerial;

/// The form of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A JWT access token signed with Ed25519 (RFC 9068, RFC 8037).
    Jwt,
    /// What itsdangerous' `TimedJSONWebSignatureSerializer` writes in a Flask application.
    Flask,
}

/// What kind of thing a caller shows to say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A signed token. It speaks for itself; only revocations can take it back.
    AccessToken,
    /// A browser's session cookie. What it means stands in the database.
    SessionCookie,
    /// An API key. What it means stands in the database.
    ApiKey,
}

impl CredentialKind {
    /// Whether the credential itself says whom it is for and until when.
    /// The others only name a row: when in doubt, that row is read again.
    pub fn is_self_contained(self) -> bool {
        matches!(self, Self::AccessToken)
    }
}

/// Who is asking.
///
/// `Debug` prints neither the credential nor anything from which it could be made.
pub struct Identity {
    /// The user's id, at least 1.
    pub user_id: i64,
    /// The session this credential belongs to. Tokens of a Flask application and API keys have none.
    pub session_id: Option<SessionId>,
    /// What was shown.
    pub kind: CredentialKind,
    /// The token's format; `None` for what is no token.
    pub format: Option<Format>,
    /// SHA-256 of the credential's bytes: names it in logs, lists and revocations without being it.
    pub token_id: [u8; 32],
    /// Unix seconds.
    pub issued_at: i64,
    /// Unix seconds. A JWT and anything stored is over at this second (RFC 7519 §4.1.4), a Flask token after it.
    pub expires_at: i64,
    /// The user's roles, as far as this credential carries them.
    pub roles: Arc<[Box<str>]>,
    /// What the credential is narrowed to; `None` where it may do all that its user may. [`Identity::roles`] holds no
    /// role beyond it.
    pub scopes: Option<Arc<[Box<str>]>>,
    /// The user's name, if it is known without asking the database.
    pub username: Option<Box<str>>,
    /// The key that verified it, so that it ends with the key.
    pub(crate) key: KeySerial,
    /// The version of the revocations at which it was last found good.
    pub(crate) checked: AtomicU64,
    /// When it was last noted as seen, in unix seconds.
    touched: AtomicI64,
}

impl Identity {
    /// The identity that `credential` stands for. What is not named here is empty and can be set on the fields.
    pub fn new(kind: CredentialKind, credential: &[u8], user_id: i64, issued_at: i64, expires_at: i64) -> Self {
        Self {
            user_id,
            session_id: None,
            kind,
            format: None,
            token_id: sha256(credential),
            issued_at,
            expires_at,
            roles: Arc::default(),
            scopes: None,
            username: None,
            key: KeySerial::NONE,
            checked: AtomicU64::new(0),
            touched: AtomicI64::new(i64::MIN),
        }
    }

    /// Whether one of the roles is `role`, letter for letter.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|mine| &**mine == role)
    }

    /// Whether the credential reaches so far: it is not narrowed, or `scope` is among its scopes, letter for letter.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|mine| mine.iter().any(|it| **it == *scope))
    }

    /// Whether it should be noted that this identity was seen at `now` (unix seconds): true once in `every_seconds`, so that
    /// the hot path writes nothing most of the time.
    pub fn touch(&self, now: i64, every_seconds: i64) -> bool {
        let before = self.touched.load(Ordering::Relaxed);
        now.saturating_sub(before) >= every_seconds
            && self.touched.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether it is over at `now` (unix seconds).
    pub fn is_expired(&self, now: i64) -> bool {
        // The Flask application still accepts a token in the very second of its `exp`.
        now >= self.expires_at.saturating_add(i64::from(self.format == Some(Format::Flask)))
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            user_id: self.user_id,
            session_id: self.session_id,
            kind: self.kind,
            format: self.format,
            token_id: self.token_id,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            roles: Arc::clone(&self.roles),
            scopes: self.scopes.clone(),
            username: self.username.clone(),
            key: self.key,
            checked: AtomicU64::new(self.checked.load(Ordering::Relaxed)),
            touched: AtomicI64::new(self.touched.load(Ordering::Relaxed)),
        }
    }
}

impl PartialEq for Identity {
    /// Equal as far as who is asking goes: bookkeeping of the guard is left out.
    fn eq(&self, other: &Self) -> bool {
        self.token_id == other.token_id
            && self.kind == other.kind
            && self.format == other.format
            && self.user_id == other.user_id
            && self.session_id == other.session_id
            && self.issued_at == other.issued_at
            && self.expires_at == other.expires_at
            && self.roles == other.roles
            && self.scopes == other.scopes
            && self.username == other.username
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("user_id", &self.user_id)
            .field("session_id", &self.session_id)
            .field("kind", &self.kind)
            .field("format", &self.format)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .field("roles", &self.roles)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}
