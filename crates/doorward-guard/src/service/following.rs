//! The two tasks of a guard: one follows the revocations, one fetches the keys when they are wanted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::asking::NoAnswer;
use super::feed::News;
use super::jwks;
use super::shared::Shared;
use crate::outbound::OutboundError;

/// An empty answer that did not wait for news is not asked for again before this time has passed: whatever stands between this
/// guard and Doorward, it is not to be asked in a circle.
const LEAST_PAUSE: Duration = Duration::from_millis(250);

const PRUNE_EVERY: Duration = Duration::from_mins(1);

pub(super) async fn follow_revocations(shared: Arc<Shared>) {
    let mut after = None;
    let mut pause = Backoff::default();
    let mut pruned = Instant::now();
    loop {
        let asked = Instant::now();
        match ask(&shared, after).await {
            Ok(news) => {
                after = Some(news.sequence);
                pause = Backoff::default();
                shared.take_in(&news);
                shared.status.feed_answered(&news);
                if news.events.is_empty() && !news.is_snapshot && asked.elapsed() < LEAST_PAUSE {
                    sleep(LEAST_PAUSE).await;
                }
            }
            Err(error) => {
                // A snapshot is longer than events may be: ask for it as one.
                if let NoAnswer::Outbound(OutboundError::TooLong) = error {
                    after = None;
                }
                shared.status.feed_failed(&error);
                sleep(pause.next()).await;
            }
        }
        if pruned.elapsed() >= PRUNE_EVERY {
            pruned = Instant::now();
            let now = shared.now();
            shared.guard.prune(now);
            shared.introspection.prune(now);
        }
    }
}

async fn ask(shared: &Shared, after: Option<i64>) -> Result<News, NoAnswer> {
    News::read(&shared.asking.revocations(after).await?, after)
}

pub(super) async fn follow_keys(shared: Arc<Shared>) {
    loop {
        shared.keys_wanted().await;
        let mut pause = Backoff::default();
        loop {
            let wish = shared.keys_wish();
            let fetched = shared.asking.jwks().await.and_then(|body| jwks::read(&body));
            let failed = fetched.as_ref().is_err();
            match fetched {
                Ok(keys) => {
                    shared.take_in_keys(keys, wish);
                    shared.status.keys_fetched();
                }
                // Those that are there stay.
                Err(error) => shared.status.keys_failed(&error),
            }
            shared.keys_settled();
            // What the feed wants is tried for until it is there; what a token's unknown kid wants, once.
            if !shared.feed_wants_keys() {
                break;
            }
            if failed {
                sleep(pause.next()).await;
            }
        }
    }
}

/// Pauses after errors: 0.1 s, then twice as long each time up to 5 s, each shortened by up to half, so that guards that lost
/// Doorward together do not all come back together.
#[derive(Default)]
struct Backoff {
    failures: u32,
}

impl Backoff {
    const FIRST_MS: u64 = 100;
    const LONGEST_MS: u64 = 5_000;

    fn next(&mut self) -> Duration {
        let full = (Self::FIRST_MS << self.failures.min(6)).min(Self::LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        let mut random = [0; 2];
        // Without randomness the pause is the full one.
        let share = aws_lc_rs::rand::fill(&mut random).map_or(0, |()| u64::from(u16::from_be_bytes(random)));
        Duration::from_millis(full - full / 2 * share / u64::from(u16::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_five_seconds_and_differ() {
        let mut pause = Backoff::default();
        for full in [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000] {
            let next = pause.next().as_millis();
            assert!((full / 2..=full).contains(&next), "{next} of {full}");
        }
        let many: std::collections::HashSet<_> = (0..20).map(|_| pause.next()).collect();
        assert!(many.len() > 1);
    }
}
