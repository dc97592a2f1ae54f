use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};

use super::{Templates, transport::Transport};
use crate::{Error, settings::Settings};

/// How often the outbox is looked into for what no commit of this process announced: mails of other
/// replicas that died, of the command line, and those whose next attempt is due.
const POLL: Duration = Duration::from_secs(3);

/// No transaction is open for longer than this.
const LONGEST_TRANSACTION: Duration = Duration::from_mins(1);

/// How long the end of the process waits for mails that are being sent.
const LAST_MAILS: Duration = Duration::from_secs(5);

/// How this process sends mail, and what it is sending.
pub(crate) struct Outbox {
    pub(super) templates: Templates,
    pub(super) transport: Transport,
    /// One for each mail that is sent at once.
    pub(super) slots: Arc<Semaphore>,
    parallel: u32,
    wake: Notify,
    enqueued: Mutex<Option<Instant>>,
}

impl Outbox {
    pub(crate) fn open(settings: &Settings) -> Result<Self, Error> {
        let parallel = settings.mail.max_connections;
        Ok(Self {
            templates: Templates::open(settings.mail.templates.as_deref())?,
            transport: Transport::open(settings)?,
            slots: Arc::new(Semaphore::new(parallel as usize)),
            parallel,
            wake: Notify::new(),
            enqueued: Mutex::new(None),
        })
    }

    /// A transaction has a mail in it.
    pub(super) fn note_enqueued(&self) {
        *self.enqueued.lock() = Some(Instant::now());
    }

    /// Some transaction was committed. Which, nobody knows: one that a mail was written in is among
    /// those that are soon over.
    pub(crate) fn note_commit(&self) {
        if self.enqueued.lock().is_some_and(|at| at.elapsed() < LONGEST_TRANSACTION) {
            self.wake.notify_one();
        }
    }

    /// Waits until there may be something to send.
    pub(super) async fn wait(&self) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }

    /// How many mails are sent at once.
    pub(super) fn parallel(&self) -> u32 {
        self.parallel
    }

    /// Waits for the mails that are being sent, though not for long: one that is sent and not marked as
    /// sent is sent twice.
    pub(crate) async fn finish(&self) {
        let all = tokio::time::timeout(LAST_MAILS, self.slots.acquire_many(self.parallel)).await;
        if all.is_err() {
            tracing::warn!("mails were still being sent at the end; they are tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_commit_with_a_mail_in_it_is_heard_at_once_and_another_is_not() {
        let outbox = Outbox::open(&Settings::default()).unwrap();
        let waited = async || {
            let began = Instant::now();
            outbox.wait().await;
            began.elapsed()
        };
        outbox.note_commit();
        assert_eq!(waited().await, POLL, "no mail was written");
        outbox.note_enqueued();
        outbox.note_commit();
        assert_eq!(waited().await, Duration::ZERO);
        // A transaction that is committed between the writing of the mail and its own commit changes nothing.
        outbox.note_commit();
        outbox.note_commit();
        assert_eq!(waited().await, Duration::ZERO);
        tokio::time::advance(LONGEST_TRANSACTION).await;
        outbox.note_commit();
        assert_eq!(waited().await, POLL);
    }
}
