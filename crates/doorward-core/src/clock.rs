use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// Where the time comes from. Nothing in Doorward reads it elsewhere, so that a test can set it.
pub trait Clock: Send + Sync + 'static {
    /// The present time.
    fn now(&self) -> DateTime<Utc>;

    /// Seconds since 1970.
    fn unix(&self) -> i64 {
        self.now().timestamp()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that goes on like the machine's, from wherever it was set: for those who test against a
/// running Doorward.
#[derive(Debug, Default)]
pub struct OffsetClock {
    offset_micros: AtomicI64,
}

impl OffsetClock {
    /// Sets the clock on by `seconds`, or back where negative.
    pub fn advance(&self, seconds: i64) {
        self.offset_micros.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }

    /// Sets the clock to `time`; it goes on from there.
    pub fn set(&self, time: DateTime<Utc>) {
        let offset = time.timestamp_micros().saturating_sub(Utc::now().timestamp_micros());
        self.offset_micros.store(offset, Ordering::SeqCst);
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> DateTime<Utc> {
        let micros = Utc::now().timestamp_micros().saturating_add(self.offset_micros.load(Ordering::SeqCst));
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct ManualClock {
    unix_micros: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `time`.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self { unix_micros: AtomicI64::new(time.timestamp_micros()) }
    }

    /// Sets the clock on by `seconds`, or back where negative.
    pub fn advance(&self, seconds: i64) {
        self.unix_micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.unix_micros.load(Ordering::SeqCst)).unwrap_or_default()
    }
}
