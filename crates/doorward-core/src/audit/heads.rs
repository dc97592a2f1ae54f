use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Where each chain ended when this process last wrote to it: a guess that spares reading it. Whether it holds,
/// the update that moves the end says: another process may have written since, or this one rolled back.
#[derive(Debug, Default)]
pub struct Heads(Mutex<BTreeMap<i32, Head>>);

/// The last row of a chain.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// Its place; 0 where there is none.
    pub(super) sequence: i64,
    /// Its hash.
    pub(super) hash: Vec<u8>,
}

impl Heads {
    pub(super) fn last_seen(&self, stream: i32) -> Option<Head> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&stream).cloned()
    }

    pub(super) fn note(&self, stream: i32, head: Head) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(stream, head);
    }
}
