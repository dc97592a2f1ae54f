use std::time::Duration;

use doorward_guard::{Denied, RevocationSnapshot};
use tokio::time::{Instant, timeout_at};

use super::{Event, recent::Found};
use crate::{Doorward, Error};

/// For how long one who knows of more than the database is kept waiting for it: a replica reads each second.
const CATCH_UP: Duration = Duration::from_secs(5);

/// What one who follows is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// All is told up to this number.
    pub sequence: i64,
    /// How long ago this Doorward knew for certain that nothing else was revoked, in milliseconds.
    pub age_ms: i64,
    /// What is new, with its numbers.
    pub events: Vec<(i64, Event)>,
    /// Everything, for those who know nothing yet, are too far behind, or know of numbers that the database doesn't have.
    pub snapshot: Option<RevocationSnapshot>,
}

/// What came after `after`: at once if there is anything, else as soon as there is, or nothing after `wait`. Without
/// `after`, everything.
///
/// # Errors
/// [`Denied::Stale`] where this Doorward has lost the feed itself; [`Error::Busy`] beyond
/// `revocations.max_followers`.
pub async fn follow(doorward: &Doorward, after: Option<i64>, wait: Duration) -> Result<Told, Error> {
    let recent = doorward.recent_revocations();
    let _place = recent.place()?;
    let Some(after) = after else { return everything(doorward) };
    let deadline = Instant::now() + wait;
    let mut news = recent.news();
    loop {
        require_fresh(doorward)?;
        news.mark_unchanged();
        match recent.find(after) {
            Found::TooFarBehind => return everything(doorward),
            Found::Ahead => {
                if !comes_up_to(doorward, after).await {
                    // A database that was put back to before: its numbers begin anew.
                    return everything(doorward);
                }
            }
            Found::Events(events, sequence) => {
                if !events.is_empty() || recent.is_dismissed() || timeout_at(deadline, news.changed()).await.is_err() {
                    return told(doorward, sequence, events, None);
                }
            }
        }
    }
}

/// How many follow now.
pub fn followers(doorward: &Doorward) -> usize {
    doorward.recent_revocations().followers()
}

/// Whether the database has the number after all, as soon as the feed was read anew.
async fn comes_up_to(doorward: &Doorward, after: i64) -> bool {
    let recent = doorward.recent_revocations();
    let mut readings = recent.readings();
    doorward.wake_feed();
    let deadline = Instant::now() + CATCH_UP;
    // A reading that was under way may have begun before the number was written: only the second is sure.
    for _ in 0..2 {
        if recent.read_to() >= after {
            return true;
        }
        if timeout_at(deadline, readings.changed()).await.is_err() {
            break;
        }
    }
    recent.read_to() >= after
}

fn everything(doorward: &Doorward) -> Result<Told, Error> {
    let recent = doorward.recent_revocations();
    let _turn = recent.snapshot_place()?;
    require_fresh(doorward)?;
    // Before the sets are read: what comes meanwhile is told again, and that does no harm.
    let sequence = recent.read_to();
    metrics::counter!("doorward_revocation_snapshots_total").increment(1);
    told(doorward, sequence, Vec::new(), Some(doorward.guard().revocations().snapshot()))
}

fn told(
    doorward: &Doorward,
    sequence: i64,
    events: Vec<(i64, Event)>,
    snapshot: Option<RevocationSnapshot>,
) -> Result<Told, Error> {
    let fresh_at = require_fresh(doorward)?;
    let age_ms = doorward.now().unix_ms().saturating_sub(fresh_at.saturating_mul(1_000)).max(0);
    Ok(Told { sequence, age_ms, events, snapshot })
}

/// When the feed was last read to its end, in unix seconds.
fn require_fresh(doorward: &Doorward) -> Result<i64, Error> {
    if doorward.guard().is_stale(doorward.now().unix()) {
        return Err(Denied::Stale.into());
    }
    Ok(doorward.guard().revocations().fresh_at())
}
