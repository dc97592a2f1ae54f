use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::{Identity, SessionId};

/// Something that takes credentials back before they end by themselves.
///
/// `until` is the unix second after which no credential concerned can be alive: from then on it need not be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// A session ended, and with it every credential that belongs to it.
    Session {
        /// The session.
        id: SessionId,
        /// Unix seconds.
        until: i64,
    },
    /// One credential ended.
    Token {
        /// SHA-256 of its bytes, as in [`Identity::token_id`].
        sha256: [u8; 32],
        /// Unix seconds.
        until: i64,
    },
    /// Everything ended that a user had until a moment.
    User {
        /// The user.
        id: i64,
        /// Unix milliseconds. Sessions that began then or before are over, and so are tokens without a session that were
        /// issued in that second or before: a token tells whole seconds only.
        valid_after_ms: i64,
        /// Unix seconds.
        until: i64,
    },
    /// A user's roles changed. It takes nothing back, but what was issued until then shows the new roles.
    Roles {
        /// The user.
        user_id: i64,
        /// All the roles the user has now.
        roles: Vec<String>,
        /// Unix milliseconds: tokens issued in this second or before carry roles of before.
        at_ms: i64,
        /// Unix seconds.
        until: i64,
    },
}

/// All that is revoked at a moment. Times are as in [`Revocation`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationSnapshot {
    /// Sessions that ended, each with its `until`.
    pub sessions: Vec<(SessionId, i64)>,
    /// Single credentials that ended, by their SHA-256, each with its `until`.
    pub tokens: Vec<([u8; 32], i64)>,
    /// Users, each with `valid_after_ms` and `until`.
    pub users: Vec<(i64, i64, i64)>,
    /// Changed roles: [`Revocation::Roles`] only.
    pub roles: Vec<Revocation>,
}

/// How much of the revocations was known at a moment. Take it *before* a verification begins or a row is read
/// ([`Revocations::mark`]), so that what is revoked meanwhile is not missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RevocationMark(pub(crate) u64);

/// For how many seconds past its `until` a revocation is kept, in case the clock is set back.
const CLOCK_MARGIN_SECONDS: i64 = 2 * 60 * 60;

/// Every revocation that still matters, in memory.
///
/// An entry costs about 33 bytes for a session, 54 for a token or a user, 154 for a change to one role.
#[derive(Debug)]
pub struct Revocations {
    /// Grows with every change, *after* the change is in `sets`: whoever reads it and then reads `sets` finds the change.
    version: AtomicU64,
    sequence: AtomicI64,
    fresh_at: AtomicI64,
    sets: RwLock<Sets>,
}

#[derive(Debug, Default)]
struct Sets {
    sessions: HashMap<SessionId, i64>,
    tokens: HashMap<[u8; 32], i64>,
    users: HashMap<i64, UserEntry>,
    roles: HashMap<i64, RolesEntry>,
}

#[derive(Debug)]
struct UserEntry {
    valid_after_ms: i64,
    sequence: i64,
    until: i64,
    /// The version that this entry made.
    version: u64,
}

#[derive(Debug)]
struct RolesEntry {
    roles: Arc<[Box<str>]>,
    at_ms: i64,
    sequence: i64,
    until: i64,
    version: u64,
}

/// What the revocations say of an identity.
#[derive(Debug, PartialEq)]
pub(crate) enum Standing {
    Good,
    Revoked,
    /// Good, with other roles.
    Roles(Arc<[Box<str>]>),
    /// A stored credential whose row changed since it was read.
    Outdated,
}

/// Numbers for [`crate::GuardStats`].
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) sessions: usize,
    pub(crate) tokens: usize,
    pub(crate) users: usize,
    pub(crate) roles: usize,
}

impl Revocations {
    pub(crate) fn new() -> Self {
        Self {
            version: AtomicU64::new(0),
            sequence: AtomicI64::new(0),
            fresh_at: AtomicI64::new(i64::MIN),
            sets: RwLock::default(),
        }
    }

    /// Takes in what the feed delivered, of which `sequence` is the last number.
    ///
    /// May be repeated and may come late: nothing that was revoked comes back to life, and the sequence never goes back. When
    /// this returns, no guard that shares these revocations lets in what they concern.
    pub fn apply(&self, sequence: i64, items: &[Revocation]) {
        if !items.is_empty() {
            let mut sets = self.sets.write();
            // Only writers change the version, and this is the only one.
            let version = self.version.load(Ordering::Relaxed) + 1;
            let mut changed = false;
            for item in items {
                changed |= sets.take_in(item, sequence, version);
            }
            // Hearing the same again costs the hot path nothing.
            if changed {
                self.version.store(version, Ordering::Release);
            }
        }
        self.sequence.fetch_max(sequence, Ordering::AcqRel);
    }

    /// The last sequence number taken in; 0 before the first.
    pub fn sequence(&self) -> i64 {
        self.sequence.load(Ordering::Acquire)
    }

    /// Says that the feed was read to its end at `now` (unix seconds).
    pub fn confirm_fresh(&self, now: i64) {
        // Not the greater of both: after the clock was set back, an old time ahead of it would hide a lost feed.
        self.fresh_at.store(now, Ordering::Release);
    }

    /// When the feed was last read to its end, in unix seconds; `i64::MIN` if never.
    pub fn fresh_at(&self) -> i64 {
        self.fresh_at.load(Ordering::Acquire)
    }

    /// Forgets what can no longer concern any living credential at `now` (unix seconds), two hours late: after a clock ran ahead
    /// and was set back, what was revoked stays so.
    pub fn prune(&self, now: i64) {
        let matters = |until: i64| until.saturating_add(CLOCK_MARGIN_SECONDS) >= now;
        let mut sets = self.sets.write();
        sets.sessions.retain(|_, until| matters(*until));
        sets.tokens.retain(|_, until| matters(*until));
        sets.users.retain(|_, entry| matters(entry.until));
        sets.roles.retain(|_, entry| matters(entry.until));
        sets.release_room();
    }

    /// Everything that is known, for one who knows nothing yet. Revocations that come meanwhile wait for it: a few
    /// milliseconds for a million.
    pub fn snapshot(&self) -> RevocationSnapshot {
        let sets = self.sets.read();
        RevocationSnapshot {
            sessions: sets.sessions.iter().map(|(id, until)| (*id, *until)).collect(),
            tokens: sets.tokens.iter().map(|(sha256, until)| (*sha256, *until)).collect(),
            users: sets.users.iter().map(|(id, entry)| (*id, entry.valid_after_ms, entry.until)).collect(),
            roles: sets
                .roles
                .iter()
                .map(|(user_id, entry)| Revocation::Roles {
                    user_id: *user_id,
                    roles: entry.roles.iter().map(ToString::to_string).collect(),
                    at_ms: entry.at_ms,
                    until: entry.until,
                })
                .collect(),
        }
    }

    /// How much is known now.
    pub fn mark(&self) -> RevocationMark {
        RevocationMark(self.version.load(Ordering::Acquire))
    }

    /// What is to be said of `identity`. `since` is how much was known when a stored credential's row was read.
    pub(crate) fn standing(&self, identity: &Identity, since: RevocationMark) -> Standing {
        self.sets.read().standing(identity, since)
    }

    pub(crate) fn counts(&self) -> Counts {
        let sets = self.sets.read();
        Counts {
            sessions: sets.sessions.len(),
            tokens: sets.tokens.len(),
            users: sets.users.len(),
            roles: sets.roles.len(),
        }
    }
}

impl Sets {
    /// Returns whether anything changed.
    fn take_in(&mut self, item: &Revocation, sequence: i64, version: u64) -> bool {
        match item {
            Revocation::Session { id, until } => keep_longest(&mut self.sessions, *id, *until),
            Revocation::Token { sha256, until } => keep_longest(&mut self.tokens, *sha256, *until),
            Revocation::User { id, valid_after_ms, until } => {
                let before = UserEntry { valid_after_ms: i64::MIN, sequence: i64::MIN, until: *until, version };
                let entry = self.users.entry(*id).or_insert(before);
                // A later event with an earlier time (another replica's clock) ends no token, but stored rows changed by it.
                let news = *valid_after_ms > entry.valid_after_ms || sequence > entry.sequence;
                entry.until = entry.until.max(*until);
                entry.valid_after_ms = entry.valid_after_ms.max(*valid_after_ms);
                entry.sequence = entry.sequence.max(sequence);
                if news {
                    entry.version = version;
                }
                news
            }
            Revocation::Roles { user_id, roles, at_ms, until } => {
                let news = RolesEntry {
                    roles: roles.iter().map(|role| Box::from(role.as_str())).collect(),
                    at_ms: *at_ms,
                    sequence,
                    until: *until,
                    version,
                };
                match self.roles.entry(*user_id) {
                    Entry::Vacant(place) => {
                        place.insert(news);
                        true
                    }
                    Entry::Occupied(mut place) => place.get_mut().take_in(news),
                }
            }
        }
    }

    fn standing(&self, identity: &Identity, since: RevocationMark) -> Standing {
        if identity.session_id.is_some_and(|id| self.sessions.contains_key(&id))
            || self.tokens.contains_key(&identity.token_id)
        {
            return Standing::Revoked;
        }
        if let Some(entry) = self.users.get(&identity.user_id) {
            match identity.session_id {
                Some(id) if id.created_ms() <= entry.valid_after_ms => return Standing::Revoked,
                None if identity.kind.is_self_contained()
                    && identity.issued_at.saturating_mul(1000) <= entry.valid_after_ms =>
                {
                    return Standing::Revoked;
                }
                // Whether an API key outlives a password change or a disabled user stands in its row and the user's.
                None if !identity.kind.is_self_contained() && entry.version > since.0 => return Standing::Outdated,
                _ => {}
            }
        }
        if let Some(entry) = self.roles.get(&identity.user_id) {
            if identity.kind.is_self_contained() {
                if identity.issued_at.saturating_mul(1000) <= entry.at_ms && identity.roles != entry.roles {
                    return Standing::Roles(Arc::clone(&entry.roles));
                }
            } else if entry.version > since.0 {
                return Standing::Outdated;
            }
        }
        Standing::Good
    }

    /// Gives memory back after a wave of revocations has passed.
    fn release_room(&mut self) {
        if self.sessions.capacity() > 4 * self.sessions.len() {
            self.sessions.shrink_to_fit();
        }
        if self.tokens.capacity() > 4 * self.tokens.len() {
            self.tokens.shrink_to_fit();
        }
        if self.users.capacity() > 4 * self.users.len() {
            self.users.shrink_to_fit();
        }
        if self.roles.capacity() > 4 * self.roles.len() {
            self.roles.shrink_to_fit();
        }
    }
}

impl RolesEntry {
    /// Returns whether anything changed.
    fn take_in(&mut self, news: Self) -> bool {
        self.until = self.until.max(news.until);
        if news.sequence < self.sequence && news.at_ms <= self.at_ms {
            return false;
        }
        let roles = if news.sequence >= self.sequence && news.at_ms >= self.at_ms {
            news.roles
        } else {
            // Sequence and clock disagree which of the two is later: only what both grant is safe.
            self.roles.iter().filter(|role| news.roles.contains(role)).cloned().collect()
        };
        let same = roles == self.roles && news.at_ms <= self.at_ms && news.sequence <= self.sequence;
        self.roles = roles;
        self.at_ms = self.at_ms.max(news.at_ms);
        self.sequence = self.sequence.max(news.sequence);
        if !same {
            self.version = news.version;
        }
        !same
    }
}

/// Returns whether the key is new: a later end alone changes no verdict.
fn keep_longest<K: std::hash::Hash + Eq>(map: &mut HashMap<K, i64>, key: K, until: i64) -> bool {
    let before = map.len();
    let entry = map.entry(key).or_insert(until);
    *entry = (*entry).max(until);
    map.len() > before
}
