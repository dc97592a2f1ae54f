use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::RwLock;

use crate::cache::VerifiedCache;
use crate::keys::Keys;
use crate::revocations::Standing;
use crate::token::{self, FlaskAlgorithm};
use crate::{CredentialKind, Credentials, Denied, Identity, KeySet, RevocationMark, Revocations};

/// What a [`Guard`] accepts and how much it remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardConfig {
    /// The only `iss` that is accepted.
    pub issuer: String,
    /// The `aud` that a token must name.
    pub audience: String,
    /// The only algorithm of Flask tokens.
    pub flask_algorithm: FlaskAlgorithm,
    /// How many verified credentials are remembered, at most.
    pub cache_capacity: usize,
    /// For how many seconds after the feed of revocations was last heard of anybody is let in ([`Revocations::confirm_fresh`]).
    /// `None`: for ever, so that a lost feed leaves revoked tokens alive until they expire.
    pub max_staleness: Option<u64>,
    /// How many seconds ahead the clock of an issuer may be.
    pub future_skew_seconds: i64,
}

impl GuardConfig {
    /// For tokens of `issuer` made for `audience`; otherwise HS512 for Flask tokens, 65,536 credentials remembered, closed ten
    /// seconds after the feed is lost, clocks at most 60 seconds ahead.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            flask_algorithm: FlaskAlgorithm::Hs512,
            cache_capacity: 65_536,
            max_staleness: Some(10),
            future_skew_seconds: 60,
        }
    }
}

/// Says who is asking. Cheap to clone: all clones are one guard.
#[derive(Clone)]
pub struct Guard {
    inner: Arc<Inner>,
}

struct Inner {
    config: GuardConfig,
    keys: RwLock<Arc<Keys>>,
    revocations: Revocations,
    verified: VerifiedCache,
    hits: [Counter; COUNTERS],
    misses: Counter,
    admitted: AtomicU64,
    admitted_bytes: AtomicU64,
}

/// Hits are counted in several places, so that threads do not pass one cache line around.
const COUNTERS: usize = 16;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Where this thread counts.
    static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % COUNTERS;
}

/// Alone on its cache lines.
#[derive(Default)]
#[repr(align(128))]
struct Counter(AtomicU64);

/// What a guard has done and holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GuardStats {
    /// Credentials that were remembered when they came.
    pub hits: u64,
    /// Credentials that were not.
    pub misses: u64,
    /// Credentials remembered now.
    pub entries: usize,
    /// Sessions known to be ended.
    pub revoked_sessions: usize,
    /// Single credentials known to be ended.
    pub revoked_tokens: usize,
    /// Users of whom everything before a moment is ended.
    pub revoked_users: usize,
    /// Users whose roles changed.
    pub changed_roles: usize,
    /// Memory for all of it, in bytes, estimated from the mean length of the credentials.
    pub bytes_estimate: usize,
}

impl Guard {
    /// A guard without keys: it lets no token in until [`replace_keys`](Self::replace_keys).
    pub fn new(config: GuardConfig) -> Self {
        let verified = VerifiedCache::new(config.cache_capacity);
        Self {
            inner: Arc::new(Inner {
                config,
                keys: RwLock::default(),
                revocations: Revocations::new(),
                verified,
                hits: Default::default(),
                misses: Counter::default(),
                admitted: AtomicU64::new(0),
                admitted_bytes: AtomicU64::new(0),
            }),
        }
    }

    /// What it was made with.
    pub fn config(&self) -> &GuardConfig {
        &self.inner.config
    }

    /// From now on, exactly these keys verify tokens. What a removed key verified is forgotten, also where that verification is
    /// under way in another thread: when this returns, a withdrawn key opens no door.
    #[expect(clippy::needless_pass_by_value, reason = "secrets should not stay behind with the caller")]
    pub fn replace_keys(&self, keys: KeySet) {
        let keys = {
            let mut current = self.inner.keys.write();
            *current = Arc::new(current.succeeded_by(&keys, self.inner.config.flask_algorithm));
            Arc::clone(&current)
        };
        self.inner.verified.retain(|identity| keys.holds(identity.key));
    }

    /// Verifies a token at `now` (unix seconds): its form, its signature, its claims, its time. Nothing is remembered and no
    /// revocation looked at, which is [`admit`](Self::admit)'s part.
    pub fn verify_token(&self, token: &str, now: i64) -> Result<Identity, Denied> {
        let keys = Arc::clone(&self.inner.keys.read());
        token::verify(token, &keys, &self.inner.config, now)
    }

    /// Who showed `credential` before, if that is remembered: one look-up, no cryptography, no waiting.
    ///
    /// `None` says that it has to be verified (a token) or looked up (a cookie, an API key), which for the latter two is also
    /// the answer when their row may have changed or their time is over. An error is final. `now` is in unix seconds.
    pub fn recall(&self, kind: CredentialKind, credential: &[u8], now: i64) -> Option<Result<Arc<Identity>, Denied>> {
        if self.is_stale(now) {
            return Some(Err(Denied::Stale));
        }
        // Longer ones are never remembered, and hashing a megabyte is not nothing.
        let known = (credential.len() <= token::MAX_TOKEN_BYTES).then(|| self.inner.verified.get(kind, credential));
        let Some(identity) = known.flatten() else {
            self.inner.misses.0.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.inner.hits[PLACE.with(|place| *place)].0.fetch_add(1, Ordering::Relaxed);

        if identity.is_expired(now) {
            self.inner.verified.remove(kind, credential);
            return kind.is_self_contained().then_some(Err(Denied::Expired));
        }
        let mark = self.inner.revocations.mark();
        if identity.checked.load(Ordering::Relaxed) == mark.0 {
            return Some(Ok(identity));
        }
        self.recheck(kind, credential, identity, mark)
    }

    /// Something was revoked since `identity` was last found good.
    #[cold]
    fn recheck(
        &self,
        kind: CredentialKind,
        credential: &[u8],
        identity: Arc<Identity>,
        mark: RevocationMark,
    ) -> Option<Result<Arc<Identity>, Denied>> {
        let since = RevocationMark(identity.checked.load(Ordering::Relaxed));
        match self.inner.revocations.standing(&identity, since) {
            Standing::Good => {
                identity.checked.store(mark.0, Ordering::Relaxed);
                Some(Ok(identity))
            }
            // It stays remembered: to refuse it again costs a look-up, to verify it again a signature.
            Standing::Revoked => Some(Err(Denied::Revoked)),
            Standing::Roles(roles) => {
                let mut identity = Identity::clone(&identity);
                identity.roles = roles;
                identity.checked = AtomicU64::new(mark.0);
                let identity = Arc::new(identity);
                self.inner.verified.replace(kind, credential, Arc::clone(&identity));
                Some(Ok(identity))
            }
            Standing::Outdated => {
                self.inner.verified.remove(kind, credential);
                None
            }
        }
    }

    /// Lets in who was just verified, unless that is revoked, and remembers it under `credential`.
    ///
    /// `seen` is the mark taken before the verification began, or before the row was read. A stored credential whose user was
    /// changed since then is refused, because its row was read too early; asking again reads it anew.
    pub fn admit(
        &self,
        kind: CredentialKind,
        credential: &[u8],
        mut identity: Identity,
        now: i64,
        seen: RevocationMark,
    ) -> Result<Arc<Identity>, Denied> {
        if self.is_stale(now) {
            return Err(Denied::Stale);
        }
        if identity.is_expired(now) {
            return Err(Denied::Expired);
        }
        // Read before the sets: what is added to them later makes a later version, and is then looked for at the next recall.
        let mark = self.inner.revocations.mark();
        match self.inner.revocations.standing(&identity, seen) {
            Standing::Good => {}
            Standing::Roles(roles) => identity.roles = roles,
            Standing::Revoked | Standing::Outdated => return Err(Denied::Revoked),
        }
        identity.checked = AtomicU64::new(mark.0);
        let key = identity.key;
        let identity = Arc::new(identity);
        self.inner.verified.insert(kind, credential, Arc::clone(&identity));
        // After the insertion: either this sees that the key is gone, or `replace_keys` sees the entry.
        if !self.inner.keys.read().holds(key) {
            self.inner.verified.remove(kind, credential);
            return Err(Denied::UnknownKey);
        }
        self.inner.admitted.fetch_add(1, Ordering::Relaxed);
        self.inner.admitted_bytes.fetch_add(credential.len() as u64, Ordering::Relaxed);
        Ok(identity)
    }

    /// Who shows this token at `now` (unix seconds): from memory, or verified and then remembered.
    pub fn verify(&self, token: &str, now: i64) -> Result<Arc<Identity>, Denied> {
        let seen = self.inner.revocations.mark();
        if let Some(known) = self.recall(CredentialKind::AccessToken, token.as_bytes(), now) {
            return known;
        }
        let identity = self.verify_token(token, now)?;
        self.admit(CredentialKind::AccessToken, token.as_bytes(), identity, now, seen)
    }

    /// Who sends a request with these headers: the token in header `token` or `Authorization: Bearer`
    /// ([`Credentials::from_headers`], without cookies), verified like [`verify`](Self::verify).
    ///
    /// An API key is refused: what it means stands in a database. Whoever can look there does, before asking here.
    pub fn verify_headers(&self, headers: &http::HeaderMap, now: i64) -> Result<Arc<Identity>, Denied> {
        let credential = Credentials::from_headers(headers, &[])?;
        match credential.kind {
            CredentialKind::AccessToken => self.verify(credential.value, now),
            CredentialKind::ApiKey | CredentialKind::SessionCookie => Err(Denied::NotAccepted),
        }
    }

    /// No longer remembers `credential`. To take it back is [`Revocations::apply`]'s part.
    pub fn forget(&self, kind: CredentialKind, credential: &[u8]) {
        self.inner.verified.remove(kind, credential);
    }

    /// What was taken back.
    pub fn revocations(&self) -> &Revocations {
        &self.inner.revocations
    }

    /// Gives back the memory of what is over at `now` (unix seconds), credentials and revocations. Call it now and then.
    pub fn prune(&self, now: i64) {
        self.inner.verified.retain(|identity| !identity.is_expired(now));
        self.inner.revocations.prune(now);
    }

    /// Whether the feed of revocations was not heard of for too long at `now` (unix seconds): then nobody is let in.
    pub fn is_stale(&self, now: i64) -> bool {
        // A confirmation from the future is no better than an old one: the clock was set back, and nobody confirmed since.
        self.inner.config.max_staleness.is_some_and(|limit| now.abs_diff(self.inner.revocations.fresh_at()) > limit)
    }

    /// What it has done and holds.
    pub fn stats(&self) -> GuardStats {
        let inner = &self.inner;
        let entries = inner.verified.len();
        let revoked = inner.revocations.counts();
        let admitted = inner.admitted.load(Ordering::Relaxed).max(1);
        let mean = usize::try_from(inner.admitted_bytes.load(Ordering::Relaxed) / admitted).unwrap_or(usize::MAX);
        GuardStats {
            hits: inner.hits.iter().map(|counter| counter.0.load(Ordering::Relaxed)).sum(),
            misses: inner.misses.0.load(Ordering::Relaxed),
            entries,
            revoked_sessions: revoked.sessions,
            revoked_tokens: revoked.tokens,
            revoked_users: revoked.users,
            changed_roles: revoked.roles,
            bytes_estimate: entries.saturating_mul(ENTRY_BYTES.saturating_add(mean))
                + revoked.sessions * 33
                + revoked.tokens * 54
                + revoked.users * 54
                + revoked.roles * 154,
        }
    }
}

/// Memory of a remembered credential besides its own bytes, as measured with 50,000 JWTs; the factors for revocations likewise
/// with 200,000 of each.
const ENTRY_BYTES: usize = 360;

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("config", &self.inner.config)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
