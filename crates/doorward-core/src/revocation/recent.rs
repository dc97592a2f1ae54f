use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Event;
use crate::Error;

/// How many of the last revocations are kept for those who follow. Whoever is further behind takes a snapshot.
const KEPT: usize = 10_000;
/// How many are told at a time.
pub const MOST_TOLD: usize = 1_000;
/// How many snapshots are made at once: each is tens of megabytes where millions of sessions ended.
const SNAPSHOTS: usize = 2;

/// What the feed read last, for guards that follow over HTTP: a thousand of them cost the database nothing.
pub struct Recent {
    log: Mutex<Log>,
    /// Grows when something is new.
    news: watch::Sender<u64>,
    /// Grows with each reading of the feed to its end.
    readings: watch::Sender<u64>,
    most_followers: usize,
    places: Arc<Semaphore>,
    snapshots: Arc<Semaphore>,
}

#[derive(Default)]
struct Log {
    events: VecDeque<(i64, Event)>,
    /// All that came after this number, and still matters, is in `events`.
    complete_after: i64,
    /// The last number read.
    read_to: i64,
}

/// What the log has for somebody who knows all up to a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// These, and then all is known up to the number.
    Events(Vec<(i64, Event)>, i64),
    /// More than is kept.
    TooFarBehind,
    /// They know of numbers that the database doesn't have, or doesn't have yet.
    Ahead,
}

impl Recent {
    pub(crate) fn new(most_followers: usize) -> Self {
        Self {
            log: Mutex::default(),
            news: watch::Sender::new(0),
            readings: watch::Sender::new(0),
            most_followers,
            places: Arc::new(Semaphore::new(most_followers)),
            snapshots: Arc::new(Semaphore::new(SNAPSHOTS)),
        }
    }

    /// Takes what the feed read, in its order, up to `read_to`.
    pub(super) fn take_in(&self, events: impl IntoIterator<Item = (i64, Event)>, read_to: i64) {
        let mut log = self.log.lock();
        for (sequence, event) in events {
            // Two readings of the feed can overlap.
            if sequence <= log.read_to {
                continue;
            }
            if log.events.len() == KEPT
                && let Some((oldest, _)) = log.events.pop_front()
            {
                log.complete_after = oldest;
            }
            log.events.push_back((sequence, event));
        }
        log.read_to = log.read_to.max(read_to);
        drop(log);
        self.news.send_modify(|count| *count += 1);
    }

    /// Notes that the feed was read to its end.
    pub(super) fn note_reading(&self) {
        self.readings.send_modify(|count| *count += 1);
    }

    pub(super) fn find(&self, after: i64) -> Found {
        let log = self.log.lock();
        if after > log.read_to {
            return Found::Ahead;
        }
        if after < log.complete_after {
            return Found::TooFarBehind;
        }
        let begin = log.events.partition_point(|(sequence, _)| *sequence <= after);
        let events: Vec<_> = log.events.range(begin..).take(MOST_TOLD).cloned().collect();
        let all = begin + events.len() == log.events.len();
        let told_to = if all { log.read_to } else { events.last().map_or(after, |(sequence, _)| *sequence) };
        Found::Events(events, told_to)
    }

    pub(super) fn read_to(&self) -> i64 {
        self.log.lock().read_to
    }

    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn readings(&self) -> watch::Receiver<u64> {
        self.readings.subscribe()
    }

    /// A place among those who wait, until it is dropped.
    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Error::Busy { retry_after: 1 })
    }

    /// How many wait now.
    pub(super) fn followers(&self) -> usize {
        self.most_followers.saturating_sub(self.places.available_permits())
    }

    pub(super) fn snapshot_place(&self) -> Result<OwnedSemaphorePermit, Error> {
        Arc::clone(&self.snapshots).try_acquire_owned().map_err(|_| Error::Busy { retry_after: 1 })
    }

    /// Those who wait are answered with what there is: the server stops.
    pub(crate) fn dismiss(&self) {
        self.places.close();
        self.news.send_modify(|count| *count += 1);
    }

    pub(super) fn is_dismissed(&self) -> bool {
        self.places.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(numbers: impl IntoIterator<Item = i64>) -> Vec<(i64, Event)> {
        numbers.into_iter().map(|number| (number, Event::KeysChanged)).collect()
    }

    fn numbers(found: Found) -> (Vec<i64>, i64) {
        match found {
            Found::Events(events, told_to) => (events.into_iter().map(|(number, _)| number).collect(), told_to),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_number_is_told_once_and_in_order() {
        let recent = Recent::new(1);
        recent.take_in(events([3, 4, 7]), 7);
        recent.take_in(events([4, 7, 9]), 12);
        assert_eq!(numbers(recent.find(0)), (vec![3, 4, 7, 9], 12));
        assert_eq!(numbers(recent.find(4)), (vec![7, 9], 12));
        assert_eq!(numbers(recent.find(12)), (vec![], 12));
        assert_eq!(recent.find(13), Found::Ahead);
    }

    #[test]
    fn so_many_are_told_and_kept_and_no_more() {
        let recent = Recent::new(1);
        let last = i64::try_from(KEPT + 5).unwrap();
        recent.take_in(events(1..=last), last);
        assert_eq!(recent.find(4), Found::TooFarBehind);
        let (told, told_to) = numbers(recent.find(5));
        assert_eq!((told[0], told.len(), told_to), (6, MOST_TOLD, 1_005));
        assert_eq!(numbers(recent.find(last - 1)), (vec![last], last));
    }

    #[test]
    fn a_place_is_free_again_when_it_is_left() {
        let recent = Recent::new(1);
        let place = recent.place().unwrap();
        assert!(recent.place().is_err());
        drop(place);
        assert!(recent.place().is_ok());
    }
}
