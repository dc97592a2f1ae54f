use std::{sync::atomic::Ordering, time::Duration};

use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, Event};
use crate::{
    Doorward, Error,
    database::{Notifications, StoredTime},
    role, signing_key,
};

/// Rows read at a time.
const BATCH: u64 = 1_000;

/// Follows the revocations of the database.
pub struct Feed {
    doorward: Doorward,
}

impl Feed {
    /// A feed that has read everything which still matters.
    pub async fn open(doorward: &Doorward) -> Result<Self, Error> {
        let feed = Self { doorward: doorward.clone() };
        feed.catch_up().await?;
        Ok(feed)
    }

    /// The start reads what there is; whoever opens the feed again goes on from there.
    fn read_to(&self) -> i64 {
        self.doorward.feed_read_to().load(Ordering::Acquire)
    }

    /// Reads what is new to its end, and applies it.
    pub async fn catch_up(&self) -> Result<(), Error> {
        let asked_at = self.doorward.now();
        loop {
            let rows = Entity::find()
                .filter(Column::Sequence.gt(self.read_to()))
                .filter(Column::Until.gte(asked_at))
                .order_by_asc(Column::Sequence)
                .limit(BATCH)
                .all(self.doorward.database().reads())
                .await?;
            let Some(last) = rows.last().map(|row| row.sequence) else { break };
            let full = rows.len() as u64 == BATCH;
            let events: Vec<_> = rows.iter().filter_map(|row| Some((row.sequence, row.event()?))).collect();
            self.take_in(rows, asked_at).await?;
            // Only when it holds here: whoever hears of it may ask at once.
            self.doorward.recent_revocations().take_in(events, last);
            self.doorward.feed_read_to().fetch_max(last, Ordering::AcqRel);
            if !full {
                break;
            }
        }
        self.doorward.guard().revocations().confirm_fresh(asked_at.unix());
        self.doorward.recent_revocations().note_reading();
        Ok(())
    }

    async fn take_in(&self, rows: Vec<super::Model>, now: StoredTime) -> Result<(), Error> {
        let revocations = self.doorward.guard().revocations();
        let (mut keys_changed, mut permissions_changed) = (false, false);
        for row in rows {
            if row.sequence > revocations.sequence() && self.read_to() > 0 {
                let lag = now.unix_ms().saturating_sub(row.created_at.unix_ms()).max(0);
                metrics::histogram!("doorward_revocation_lag_seconds").record(lag as f64 / 1000.0);
            }
            match row.event() {
                Some(Event::Revoked(item)) => revocations.apply(row.sequence, &[item]),
                Some(Event::KeysChanged) => keys_changed = true,
                Some(Event::PermissionsChanged) => permissions_changed = true,
                None => tracing::warn!(
                    kind = row.kind,
                    "a newer Doorward revoked something in a form that this one doesn't know"
                ),
            }
        }
        if keys_changed {
            signing_key::reload(&self.doorward).await?;
        }
        if permissions_changed {
            role::reload_permissions(&self.doorward).await?;
        }
        Ok(())
    }

    /// Follows for ever: at once where the database tells, and each `revocations.poll_ms` anyhow.
    /// While the database is away the guard goes on from memory, and grows stale.
    pub async fn follow(self) {
        let mut notifications = Notifications::new(self.doorward.database());
        let pause = Duration::from_millis(self.doorward.settings().revocations.poll_ms);
        let mut away = false;
        loop {
            tokio::select! {
                () = notifications.next(pause) => {}
                // This process wrote something itself: those who follow it are told at once.
                () = self.doorward.feed_woken() => {}
            }
            match self.catch_up().await {
                Ok(()) if away => {
                    tracing::info!("the revocations are read again");
                    away = false;
                }
                Ok(()) => {}
                Err(error) if !away => {
                    tracing::warn!(%error, "the revocations can't be read; guarded requests go on from memory");
                    away = true;
                }
                Err(_) => {}
            }
        }
    }
}

/// Deletes rows that concern nothing alive any more.
pub async fn delete_outdated(doorward: &Doorward) -> Result<(), Error> {
    let now = doorward.now();
    // As late as the guard forgets them, for a clock that ran ahead and was set back.
    let transaction = doorward.database().begin().await?;
    Entity::delete_many().filter(Column::Until.lt(now.plus_seconds(-2 * 60 * 60))).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(())
}
