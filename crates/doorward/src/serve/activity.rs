//! What a connection is doing, and until when it may go on doing it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// How long a connection that is being closed, or one that has not asked anything yet when the
/// server stops, may stay silent before it is cut.
const LAST_CHANCE: Duration = Duration::from_secs(1);

/// "Not happening" in the fields that hold a time.
const NEVER: u64 = u64::MAX;

/// How long a peer may take, per step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From the first byte of a request's head (or the opening of the connection) to its last.
    pub(super) header_read: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
    /// For the whole body of a request.
    pub(super) body_read: Duration,
    /// For each [`super::stream::WRITE_WINDOW`] bytes of an answer, once the peer is slow to take them.
    pub(super) write: Duration,
}

/// Where a connection stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Requests are welcome.
    Open,
    /// The server stops, but this connection was accepted and may still put its one request.
    LastRequest(Instant),
    /// No further request is taken; what is in flight is finished.
    Closing(Instant),
}

/// Shared by a connection, its stream and its bodies. Times are milliseconds since `opened`, so
/// that they fit an atomic: an HTTP/2 connection's bodies live in tasks of their own.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    in_flight: AtomicUsize,
    quiet_since: AtomicU64,
    head_since: AtomicU64,
    asked: AtomicBool,
    http2: AtomicBool,
    read_since_request: AtomicBool,
    write_pending: AtomicBool,
    body_left_unread: AtomicBool,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            in_flight: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
            head_since: AtomicU64::new(NEVER),
            asked: AtomicBool::new(false),
            http2: AtomicBool::new(false),
            read_since_request: AtomicBool::new(false),
            write_pending: AtomicBool::new(false),
            body_left_unread: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.opened + Duration::from_millis(milliseconds)
    }

    /// A request has come; it is in flight until the answer's last byte was handed over.
    pub(super) fn begin(self: &Arc<Self>, http2: bool) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        self.head_since.store(NEVER, Relaxed);
        self.read_since_request.store(false, Relaxed);
        self.body_left_unread.store(false, Relaxed);
        self.http2.store(http2, Relaxed);
        self.asked.store(true, Relaxed);
        InFlight(Arc::clone(self))
    }

    /// Bytes have come.
    pub(super) fn read(&self) {
        self.read_since_request.store(true, Relaxed);
    }

    /// Bytes wait for the peer to take them, or no longer do.
    pub(super) fn writing(&self, pending: bool) {
        self.write_pending.store(pending, Relaxed);
    }

    /// The answer was given without reading the request's body to its end.
    pub(super) fn leave_body_unread(&self) {
        self.body_left_unread.store(true, Relaxed);
    }

    /// Whether the peer may still be sending a body that nobody reads. HTTP/2 resets the stream
    /// instead.
    pub(super) fn body_left_unread(&self) -> bool {
        self.body_left_unread.load(Relaxed) && !self.http2.load(Relaxed)
    }

    /// Whether a request has come at all.
    pub(super) fn asked(&self) -> bool {
        self.asked.load(Relaxed)
    }

    /// Notes the begin of a request's head that did not come in one piece. HTTP/2 sends other
    /// things than heads between requests, so there only `idle` counts.
    pub(super) fn note_partial_head(&self) {
        if self.read_since_request.load(Relaxed)
            && self.head_since.load(Relaxed) == NEVER
            && !self.http2.load(Relaxed)
            && self.in_flight.load(Relaxed) == 0
        {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    fn busy(&self) -> bool {
        self.in_flight.load(Relaxed) > 0 || self.write_pending.load(Relaxed)
    }

    /// Whether the peer has had its answers and owes nothing, as opposed to being slow with a head.
    pub(super) fn is_idle(&self) -> bool {
        self.asked() && !self.busy() && self.head_since.load(Relaxed) == NEVER
    }

    /// How long nothing has been asked or answered; `None` while something is.
    pub(super) fn quiet_for(&self) -> Option<Duration> {
        (!self.busy()).then(|| self.at(self.quiet_since.load(Relaxed)).elapsed())
    }

    /// When the connection's time is up; `None` while its peer owes nothing.
    pub(super) fn due(&self, limits: &Limits, phase: Phase) -> Option<Instant> {
        if self.busy() {
            return None;
        }
        let quiet_since = self.at(self.quiet_since.load(Relaxed));
        Some(match (phase, self.head_since.load(Relaxed)) {
            (Phase::Open, _) if !self.asked() => self.opened + limits.header_read,
            (Phase::Open, NEVER) => quiet_since + limits.idle,
            (Phase::Open, head_since) => self.at(head_since) + limits.header_read,
            (Phase::LastRequest(since) | Phase::Closing(since), _) => quiet_since.max(since) + LAST_CHANCE,
        })
    }
}

/// One request on its way; dropped with the answer's body.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl InFlight {
    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // The time first: whoever sees the count at zero must find a fresh time beside it.
        self.0.quiet_since.store(self.0.now(), Relaxed);
        self.0.in_flight.fetch_sub(1, std::sync::atomic::Ordering::Release);
    }
}

/// How long a connection that was just told to close may need to do so.
pub(super) const fn last_chance() -> Duration {
    LAST_CHANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        header_read: Duration::from_secs(10),
        idle: Duration::from_mins(1),
        body_read: Duration::from_secs(30),
        write: Duration::from_secs(30),
    };

    #[tokio::test(start_paused = true)]
    async fn each_step_of_a_connection_has_its_own_end() {
        let activity = Activity::new();
        let opened = Instant::now();
        assert_eq!(activity.due(&LIMITS, Phase::Open), Some(opened + LIMITS.header_read), "nothing asked yet");

        activity.read();
        tokio::time::advance(Duration::from_secs(3)).await;
        activity.note_partial_head();
        assert_eq!(
            activity.due(&LIMITS, Phase::Open),
            Some(opened + LIMITS.header_read),
            "the first head counts from the opening"
        );

        let request = activity.begin(false);
        assert_eq!(activity.due(&LIMITS, Phase::Open), None, "our turn");
        assert_eq!(activity.quiet_for(), None);
        tokio::time::advance(Duration::from_secs(100)).await;
        drop(request);
        let answered = Instant::now();
        assert_eq!(activity.due(&LIMITS, Phase::Open), Some(answered + LIMITS.idle));

        tokio::time::advance(Duration::from_secs(5)).await;
        activity.read();
        activity.note_partial_head();
        assert_eq!(
            activity.due(&LIMITS, Phase::Open),
            Some(answered + Duration::from_secs(5) + LIMITS.header_read),
            "a head has begun"
        );
        tokio::time::advance(Duration::from_secs(5)).await;
        activity.read();
        activity.note_partial_head();
        assert_eq!(
            activity.due(&LIMITS, Phase::Open),
            Some(answered + Duration::from_secs(5) + LIMITS.header_read),
            "a byte now and then buys no time"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn between_http2_requests_only_idleness_counts() {
        let activity = Activity::new();
        drop(activity.begin(true));
        let answered = Instant::now();
        activity.read();
        activity.note_partial_head();
        assert_eq!(activity.due(&LIMITS, Phase::Open), Some(answered + LIMITS.idle));
    }

    #[tokio::test(start_paused = true)]
    async fn a_closing_connection_is_never_cut_while_it_answers() {
        let activity = Activity::new();
        let request = activity.begin(false);
        let phase = Phase::Closing(Instant::now());
        assert_eq!(activity.due(&LIMITS, phase), None);
        activity.writing(true);
        drop(request);
        assert_eq!(activity.due(&LIMITS, phase), None);
        activity.writing(false);
        assert_eq!(activity.due(&LIMITS, phase), Some(Instant::now() + LAST_CHANCE));
    }
}
