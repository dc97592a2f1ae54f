use std::sync::Arc;

use parking_lot::Mutex;

use super::Purpose;

/// How many tries are left: what the headers `RateLimit` and `RateLimit-Policy` tell
/// (draft-ietf-httpapi-ratelimit-headers).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Of what.
    pub purpose: Purpose,
    /// How many there are.
    pub limit: u32,
    /// For how long they are counted, in seconds.
    pub window: u64,
    /// How many are left.
    pub remaining: u32,
    /// After how many seconds there may be more.
    pub reset: u64,
}

/// Where an operation leaves what is to be told of the quota, whether it succeeds or fails.
#[derive(Debug, Clone, Default)]
pub struct RateTold(Arc<Mutex<Option<Quota>>>);

impl RateTold {
    /// What was left here, if anything.
    pub fn get(&self) -> Option<Quota> {
        *self.0.lock()
    }

    pub(super) fn set(&self, quota: Quota) {
        *self.0.lock() = Some(quota);
    }
}

impl PartialEq for RateTold {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for RateTold {}
