use std::{collections::HashMap, net::IpAddr};

use parking_lot::Mutex;

use super::bucket::network_of;
use crate::{database::StoredTime, settings};

/// Networks that are remembered at most: a bound on memory.
const MOST: usize = 65_536;

/// A first, cheap look at how often a network asks, in this process alone: the generic cell rate
/// algorithm (ITU-T I.371). It only spares the database what is plainly too much; who is let through is
/// decided by the counts there.
#[derive(Debug)]
pub(crate) struct Filter {
    /// Milliseconds between two requests at the steady rate; 0 lets everything through.
    interval_ms: i64,
    /// How far ahead of the steady rate a network may be, in milliseconds.
    tolerance_ms: i64,
    /// When the next request of a network would be due at the steady rate.
    due: Mutex<HashMap<IpAddr, i64>>,
}

impl Filter {
    pub(crate) fn new(settings: &settings::Throttle) -> Self {
        let rate = i64::from(settings.requests_per_second);
        let interval_ms = if settings.enabled && rate > 0 { (1_000 / rate).max(1) } else { 0 };
        Self {
            interval_ms,
            tolerance_ms: interval_ms * i64::from(settings.requests_burst.saturating_sub(1)),
            due: Mutex::default(),
        }
    }

    /// Whether a request from `address` passes; else after how many seconds one will.
    pub(super) fn pass(&self, address: IpAddr, now: StoredTime) -> Result<(), u32> {
        if self.interval_ms == 0 {
            return Ok(());
        }
        let now = now.unix_ms();
        let network = network_of(address);
        let mut due = self.due.lock();
        if due.len() >= MOST && !due.contains_key(&network) {
            due.retain(|_, due| *due > now);
            if due.len() >= MOST {
                // So many networks at once are no single one that asks too often.
                return Ok(());
            }
        }
        let entry = due.entry(network).or_insert(now);
        // Further ahead than can be: the clock was set back, and that must keep nobody out.
        let impossible = *entry > now + self.tolerance_ms + self.interval_ms;
        let at = if impossible { now } else { (*entry).max(now) };
        if at - now > self.tolerance_ms {
            let wait = (at - now - self.tolerance_ms).unsigned_abs().div_ceil(1_000);
            return Err(u32::try_from(wait).unwrap_or(u32::MAX).max(1));
        }
        *entry = at + self.interval_ms;
        Ok(())
    }

    /// Forgets networks that are not ahead of their rate.
    pub(super) fn prune(&self, now: StoredTime) {
        let now = now.unix_ms();
        let mut due = self.due.lock();
        due.retain(|_, due| *due > now);
        due.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(per_second: u32, burst: u32) -> Filter {
        let settings = settings::Throttle {
            requests_per_second: per_second,
            requests_burst: burst,
            ..settings::Throttle::default()
        };
        Filter::new(&settings)
    }

    #[test]
    fn a_burst_passes_and_then_the_steady_rate() {
        let filter = filter(10, 3);
        let at = |ms: i64| StoredTime::from_unix_ms(1_000_000 + ms);
        let here = "192.0.2.1".parse().unwrap();
        let passed = (0..5).filter(|_| filter.pass(here, at(0)).is_ok()).count();
        assert_eq!(passed, 3);
        assert_eq!(filter.pass(here, at(0)), Err(1));
        assert_eq!(filter.pass("192.0.2.2".parse().unwrap(), at(0)), Ok(()), "another network has its own");
        assert_eq!(filter.pass(here, at(100)), Ok(()));
        assert!(filter.pass(here, at(100)).is_err());
        assert_eq!(filter.pass(here, at(-60_000_000)), Ok(()), "the clock was set back");
    }

    #[test]
    fn memory_is_bounded() {
        let filter = filter(1, 1);
        let now = StoredTime::from_unix_ms(0);
        for number in 0..u32::try_from(MOST).unwrap() + 1_000 {
            assert_eq!(filter.pass(IpAddr::V4(number.into()), now), Ok(()));
        }
        assert_eq!(filter.due.lock().len(), MOST);
        filter.prune(StoredTime::from_unix_ms(2_000));
        assert_eq!(filter.due.lock().len(), 0);
    }
}
