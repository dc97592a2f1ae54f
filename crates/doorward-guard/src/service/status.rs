use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::WhenStale;
use super::asking::NoAnswer;
use super::feed::News;
use crate::{Denied, GuardStats, Identity};

/// How a [`ServiceGuard`](super::ServiceGuard) stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceGuardStatus {
    /// Where Doorward is.
    pub url: String,
    /// The last number of the feed that was taken in; `None` before the first answer.
    pub sequence: Option<i64>,
    /// Seconds since revocations and keys were known completely; `None` if they never were.
    pub fresh_seconds_ago: Option<i64>,
    /// Whether that is longer ago than is allowed.
    pub stale: bool,
    /// What happens then.
    pub when_stale: WhenStale,
    /// Keys from the JWK set.
    pub keys: usize,
    /// Why the feed could not be read; `None` when the last attempt was good.
    pub feed_error: Option<String>,
    /// Why the keys could not be fetched; `None` when the last attempt was good.
    pub keys_error: Option<String>,
    /// Answers of the feed that were taken in.
    pub answers: u64,
    /// Snapshots among them.
    pub snapshots: u64,
    /// Events in them, of kinds that this guard knows.
    pub events: u64,
    /// Events of unknown kinds, which were passed over: Doorward is newer than this guard.
    pub unknown_events: u64,
    /// Attempts at the feed, the keys or introspection that failed.
    pub failures: u64,
    /// Times the keys were fetched.
    pub key_fetches: u64,
    /// Introspections that were answered.
    pub introspections: u64,
    /// Verifications that were refused.
    pub refused: u64,
    /// The guard beneath: memory, hits and misses.
    pub guard: GuardStats,
}

#[derive(Default)]
pub(super) struct Counted {
    feed_error: Mutex<Option<String>>,
    keys_error: Mutex<Option<String>>,
    answers: AtomicU64,
    snapshots: AtomicU64,
    events: AtomicU64,
    unknown_events: AtomicU64,
    failures: AtomicU64,
    key_fetches: AtomicU64,
    introspections: AtomicU64,
    refused: AtomicU64,
}

impl Counted {
    pub(super) fn feed_answered(&self, news: &News) {
        *self.feed_error.lock() = None;
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.snapshots.fetch_add(u64::from(news.is_snapshot), Ordering::Relaxed);
        self.events.fetch_add(news.events.len() as u64, Ordering::Relaxed);
        self.unknown_events.fetch_add(news.unknown, Ordering::Relaxed);
        measured::answered("revocations");
    }

    pub(super) fn feed_failed(&self, error: &NoAnswer) {
        *self.feed_error.lock() = Some(error.to_string());
        self.failures.fetch_add(1, Ordering::Relaxed);
        measured::failed("revocations");
    }

    pub(super) fn keys_fetched(&self) {
        *self.keys_error.lock() = None;
        self.key_fetches.fetch_add(1, Ordering::Relaxed);
        measured::answered("keys");
    }

    pub(super) fn keys_failed(&self, error: &NoAnswer) {
        *self.keys_error.lock() = Some(error.to_string());
        self.failures.fetch_add(1, Ordering::Relaxed);
        measured::failed("keys");
    }

    pub(super) fn introspected(&self) {
        self.introspections.fetch_add(1, Ordering::Relaxed);
        measured::answered("introspection");
    }

    pub(super) fn introspection_failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        measured::failed("introspection");
    }

    /// Only refusals are counted: a counter that every good request touches would be passed around by all threads.
    pub(super) fn verdict(&self, outcome: &Result<Arc<Identity>, Denied>) {
        if let Err(denied) = outcome {
            self.refused.fetch_add(1, Ordering::Relaxed);
            measured::refused(denied.error_name());
        }
    }

    /// The part of the status that is counted here; the rest is empty.
    pub(super) fn read(&self) -> ServiceGuardStatus {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ServiceGuardStatus {
            url: String::new(),
            sequence: None,
            fresh_seconds_ago: None,
            stale: true,
            when_stale: WhenStale::FailClosed,
            keys: 0,
            feed_error: self.feed_error.lock().clone(),
            keys_error: self.keys_error.lock().clone(),
            answers: count(&self.answers),
            snapshots: count(&self.snapshots),
            events: count(&self.events),
            unknown_events: count(&self.unknown_events),
            failures: count(&self.failures),
            key_fetches: count(&self.key_fetches),
            introspections: count(&self.introspections),
            refused: count(&self.refused),
            guard: GuardStats::default(),
        }
    }
}

/// The `metrics` facade, where that feature is on.
#[cfg(feature = "metrics")]
mod measured {
    pub(super) fn answered(what: &'static str) {
        metrics::counter!("doorward_guard_answers_total", "of" => what, "outcome" => "taken").increment(1);
    }

    pub(super) fn failed(what: &'static str) {
        metrics::counter!("doorward_guard_answers_total", "of" => what, "outcome" => "failed").increment(1);
    }

    pub(super) fn refused(error: &'static str) {
        metrics::counter!("doorward_guard_refused_total", "error" => error).increment(1);
    }
}

#[cfg(not(feature = "metrics"))]
mod measured {
    pub(super) fn answered(_: &'static str) {}
    pub(super) fn failed(_: &'static str) {}
    pub(super) fn refused(_: &'static str) {}
}
