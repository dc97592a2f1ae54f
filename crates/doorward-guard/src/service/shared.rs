//! What the guard, its two tasks and the requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::asking::Asking;
use super::introspection::Introspection;
use super::setup::{WhenStale, unix_ms};
use super::status::Counted;
use super::{ServiceGuardStatus, feed::News};
use crate::{Guard, KeySet, VerifyingKey};

pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How often a `kid` that is not known makes the keys be fetched, at most.
const UNKNOWN_KEY_PAUSE: Duration = Duration::from_mins(1);

/// How long a request with such a token waits for them.
const UNKNOWN_KEY_WAIT: Duration = Duration::from_secs(2);

pub(super) struct Shared {
    pub(super) guard: Guard,
    pub(super) asking: Asking,
    pub(super) introspection: Introspection,
    pub(super) status: Counted,
    /// Whether keys and revocations were known once.
    pub(super) heard: watch::Sender<bool>,
    secret_keys: Vec<Vec<u8>>,
    max_staleness: u64,
    when_stale: WhenStale,
    clock: Clock,
    cursor: AtomicI64,
    /// When the revocations were last read to their end, in unix seconds.
    read_at: AtomicI64,
    keys: KeysWanted,
}

/// The feed numbers its wishes for the keys; while one is open, what the keys were is not what they are, and nothing is confirmed
/// as fresh.
struct KeysWanted {
    wanted: AtomicU64,
    fetched: AtomicU64,
    wake: Notify,
    changes: watch::Sender<u64>,
    unknown: Mutex<Option<Instant>>,
    count: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        guard: Guard,
        asking: Asking,
        introspection: Introspection,
        secret_keys: Vec<Vec<u8>>,
        (max_staleness, when_stale): (u64, WhenStale),
        clock: Clock,
    ) -> Self {
        guard.replace_keys(KeySet { ed25519: Vec::new(), flask_secrets: secret_keys.clone() });
        Self {
            guard,
            asking,
            introspection,
            status: Counted::default(),
            heard: watch::Sender::new(false),
            secret_keys,
            max_staleness,
            when_stale,
            clock,
            cursor: AtomicI64::new(-1),
            read_at: AtomicI64::new(i64::MIN),
            keys: KeysWanted {
                wanted: AtomicU64::new(0),
                fetched: AtomicU64::new(0),
                wake: Notify::new(),
                changes: watch::Sender::new(0),
                unknown: Mutex::new(None),
                count: AtomicU64::new(0),
            },
        }
    }

    /// Unix seconds.
    pub(super) fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    fn now_ms(&self) -> i64 {
        unix_ms((self.clock)())
    }

    pub(super) fn fails_open(&self) -> bool {
        self.when_stale == WhenStale::FailOpen
    }

    /// Takes in an answer that has just arrived.
    pub(super) fn take_in(&self, news: &News) {
        let read_at = self.now_ms().saturating_sub_unsigned(news.age_ms).div_euclid(1000);
        news.apply(self.guard.revocations());
        self.introspection.forget_users(news);
        self.cursor.store(news.sequence, Ordering::Release);
        if news.keys {
            self.keys.wanted.fetch_add(1, Ordering::AcqRel);
            self.keys.wake.notify_one();
        }
        self.read_at.store(read_at, Ordering::Release);
        self.confirm_if_complete();
    }

    /// Fresh is only what is complete: the revocations, and the keys if they were said to have changed.
    fn confirm_if_complete(&self) {
        let read_at = self.read_at.load(Ordering::Acquire);
        if read_at != i64::MIN && !self.feed_wants_keys() {
            self.guard.revocations().confirm_fresh(read_at);
            self.heard.send_if_modified(|heard| !std::mem::replace(heard, true));
        }
    }

    /// Whether the feed asked for keys that have not been fetched since.
    pub(super) fn feed_wants_keys(&self) -> bool {
        self.keys.fetched.load(Ordering::Acquire) < self.keys.wanted.load(Ordering::Acquire)
    }

    pub(super) fn keys_wish(&self) -> u64 {
        self.keys.wanted.load(Ordering::Acquire)
    }

    pub(super) async fn keys_wanted(&self) {
        self.keys.wake.notified().await;
    }

    /// Keys arrived that were asked for when `wish` was the last wish.
    pub(super) fn take_in_keys(&self, ed25519: Vec<VerifyingKey>, wish: u64) {
        self.keys.count.store(ed25519.len() as u64, Ordering::Relaxed);
        self.guard.replace_keys(KeySet { ed25519, flask_secrets: self.secret_keys.clone() });
        self.keys.fetched.fetch_max(wish, Ordering::AcqRel);
        self.confirm_if_complete();
    }

    /// The attempt to fetch keys is over, well or not.
    pub(super) fn keys_settled(&self) {
        self.keys.changes.send_modify(|count| *count += 1);
    }

    /// Whether a token with an unknown `kid` may have the keys fetched now.
    pub(super) fn unknown_key_is_due(&self) -> bool {
        self.keys.unknown.lock().is_none_or(|last| last.elapsed() >= UNKNOWN_KEY_PAUSE)
    }

    /// Has the keys fetched if that is due. Returns whether it is.
    pub(super) fn want_unknown_key(&self) -> bool {
        let mut last = self.keys.unknown.lock();
        let due = last.is_none_or(|last| last.elapsed() >= UNKNOWN_KEY_PAUSE);
        if due {
            *last = Some(Instant::now());
            self.keys.wake.notify_one();
        }
        due
    }

    /// The same, and waits for them.
    pub(super) async fn unknown_key(&self) {
        let mut changes = self.keys.changes.subscribe();
        if self.want_unknown_key() {
            // Either way the token is looked at again with the keys that there are.
            let _ = tokio::time::timeout(UNKNOWN_KEY_WAIT, changes.changed()).await;
        }
    }

    pub(super) fn describe(&self) -> ServiceGuardStatus {
        let now = self.now();
        let fresh_at = self.guard.revocations().fresh_at();
        let cursor = self.cursor.load(Ordering::Acquire);
        ServiceGuardStatus {
            url: self.asking.url().to_owned(),
            sequence: (cursor >= 0).then_some(cursor),
            fresh_seconds_ago: (fresh_at != i64::MIN).then(|| now.saturating_sub(fresh_at)),
            stale: now.abs_diff(fresh_at) > self.max_staleness,
            when_stale: self.when_stale,
            keys: usize::try_from(self.keys.count.load(Ordering::Relaxed)).unwrap_or(usize::MAX),
            guard: self.guard.stats(),
            ..self.status.read()
        }
    }
}
