//! The map of what was verified before.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use crate::token::MAX_TOKEN_BYTES;
use crate::{CredentialKind, Identity};

/// Verified credentials by their whole bytes, so that no other credential can ever be taken for one of them. Bounded by the
/// number of entries; what was seen once gives way before what is seen often.
pub(crate) struct VerifiedCache {
    entries: Cache<Key, Arc<Identity>>,
}

struct Key {
    kind: CredentialKind,
    credential: Box<[u8]>,
}

/// A key that is only looked at.
struct Lookup<'a> {
    kind: CredentialKind,
    credential: &'a [u8],
}

impl Lookup<'_> {
    fn to_key(&self) -> Key {
        Key { kind: self.kind, credential: self.credential.into() }
    }
}

impl Hash for Lookup<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The kind is left out: two kinds never share their bytes, and if they did, equality would tell.
        state.write(self.credential);
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Lookup { kind: self.kind, credential: &self.credential }.hash(state);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.credential == other.credential
    }
}

impl Eq for Key {}

impl Equivalent<Key> for Lookup<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.kind == key.kind && *self.credential == *key.credential
    }
}

impl VerifiedCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: Cache::new(capacity) }
    }

    pub(crate) fn get(&self, kind: CredentialKind, credential: &[u8]) -> Option<Arc<Identity>> {
        self.entries.get(&Lookup { kind, credential })
    }

    pub(crate) fn insert(&self, kind: CredentialKind, credential: &[u8], identity: Arc<Identity>) {
        // What is longer would make the bound on entries no bound on memory.
        if credential.len() <= MAX_TOKEN_BYTES {
            self.entries.insert(Lookup { kind, credential }.to_key(), identity);
        }
    }

    /// Puts `identity` in the place of what is remembered; does nothing if nothing is any more.
    pub(crate) fn replace(&self, kind: CredentialKind, credential: &[u8], identity: Arc<Identity>) {
        // An error gives the key back: it was not there.
        let _ = self.entries.replace(Lookup { kind, credential }.to_key(), identity, true);
    }

    pub(crate) fn remove(&self, kind: CredentialKind, credential: &[u8]) {
        self.entries.remove(&Lookup { kind, credential });
    }

    pub(crate) fn retain(&self, keep: impl Fn(&Identity) -> bool) {
        self.entries.retain(|_, identity| keep(identity));
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
