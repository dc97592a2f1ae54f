use std::collections::{BTreeMap, HashSet};

use sea_orm::{ActiveModelTrait as _, EntityTrait as _};
use tokio::sync::mpsc;

use super::{
    Import, OnConflict,
    append::Appending,
    batch::{self, Fate, Item, Rules, State},
    entity::import,
    record::Reason,
    source::{self, Reached, Source, SourceFault},
};
use crate::{
    Doorward, Error, audit,
    database::{Engine, StoredTime, transfer::Link},
    event::{Event, EventKind},
    password::hash::Limits,
    role, user,
};

/// Records that are written at once.
const BATCH: usize = 2_000;
/// From so many bytes of the file on a batch has fewer records: they are kept until they are written.
const LARGE_BATCH: u64 = 8 * 1024 * 1024;
/// Batches that were read and wait to be written.
const WAITING: usize = 2;

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records that are done with.
    pub records: i64,
    /// How much was read in this run: bytes of a file, rows of a database.
    pub read: u64,
    /// How much there is.
    pub length: u64,
}

/// Who watches an import.
pub trait Observer: Send {
    /// A batch was written.
    fn progress(&mut self, progress: Progress);

    /// A record makes no user. `row` is as it stood there with `_line` and `_rejected` besides, and holds the hash of a password.
    ///
    /// # Errors
    /// Ends the import before the record counts as done.
    fn rejected(&mut self, row: serde_json::Map<String, serde_json::Value>) -> std::io::Result<()>;
}

/// What came of an import, with what earlier runs of it did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outcome {
    /// Records of the source.
    pub records: i64,
    /// Users made.
    pub created: i64,
    /// Users changed.
    pub changed: i64,
    /// Users that were there already and stay as they are.
    pub skipped: i64,
    /// Records that make no user.
    pub rejected: i64,
    /// Why, of those that this run rejected.
    pub reasons: BTreeMap<String, u64>,
    /// The record after which this run began: an earlier one came so far.
    pub resumed_after: i64,
    /// The very file was imported before: nothing was done.
    pub finished_before: bool,
    /// The line, or the id in a database, whose user is there already, where that ends the import, and that user's id.
    pub conflict: Option<(u64, i64)>,
}

/// Why an import ended early. What it wrote stays, and it goes on from there when it is run again.
#[derive(Debug, thiserror::Error)]
pub enum ImportFault {
    /// The source.
    #[error("{0}")]
    Source(#[from] SourceFault),
    /// The file of rejects can't be written.
    #[error("the rejects can't be written: {0}")]
    Rejects(std::io::Error),
    /// The database.
    #[error("{0}")]
    Failed(#[from] Error),
}

impl From<sea_orm::DbErr> for ImportFault {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Failed(error.into())
    }
}

/// Imports users.
///
/// # Errors
/// [`ImportFault`].
pub async fn import(doorward: &Doorward, import: &Import, observer: &mut dyn Observer) -> Result<Outcome, ImportFault> {
    let (length, source_hash) = source::fingerprint(&import.source).await?;
    let mut row = begun(doorward, import, &source_hash).await?;
    let mut outcome = Outcome { reasons: BTreeMap::new(), resumed_after: row.records, ..of(&row) };
    if row.ended_at.take().is_some() {
        match import.source {
            // A file is what it was.
            Source::Jsonl(_) | Source::Csv { .. } => {
                outcome.finished_before = true;
                return Ok(outcome);
            }
            // Users have come since, and others may have changed.
            Source::Database(_) if import.on_conflict == OnConflict::Update => row = new_row(doorward, &source_hash),
            Source::Database(_) => {}
        }
    }
    if !import.dry_run {
        // Names of rows that another application inserted count too.
        user::fill_lookup_keys(doorward).await?;
    }
    let known = role::list(doorward.database().reads()).await?;
    let rules = Rules { import: import.clone(), roles: known.into_iter().map(|role| role.name).collect() };
    let reached = Reached { records: row.records, last_id: row.last_id };
    let mut batches = read(doorward, rules.clone(), &source_hash, reached);
    let mut state = State {
        doorward,
        rules,
        source_hash: &source_hash,
        would_have: HashSet::new(),
        hasher: std::hash::RandomState::new(),
        meets_nobody: true,
        link: link(doorward).await?,
    };
    while let Some(part) = batches.recv().await {
        let part = part?;
        for item in &part.items {
            // Told before it counts as done: it may be told twice, and is never lost.
            if let Err(reasons) = &item.checked {
                reject(observer, item, reasons)?;
            }
        }
        let written = batch::write(&mut state, &part.items, part.appending.as_ref(), &mut row).await?;
        for (item, fate) in part.items.iter().zip(&written.fates) {
            let Fate::Rejected(reasons) = fate else { continue };
            if item.checked.is_ok() {
                reject(observer, item, reasons)?;
            }
            for reason in reasons {
                *outcome.reasons.entry(reason.to_string()).or_default() += 1;
            }
        }
        observer.progress(Progress { records: row.records, read: part.read, length });
        if let Some(user) = written.conflict {
            let line = part.items.get(written.fates.len()).map_or(0, |item| item.line);
            return Ok(Outcome { conflict: Some((line, user.0)), ..with_counts(outcome, &row) });
        }
        if let Some(hash) = part.last
            && hash != source_hash
        {
            return Err(SourceFault::Changed.into());
        }
    }
    if !import.dry_run {
        end(doorward, &mut row).await?;
        user::fill_lookup_keys(doorward).await?;
    }
    Ok(with_counts(outcome, &row))
}

/// The way for batches of which nobody is there. A machine that stops may take the last of them with it, and with each the place
/// that was reached: the import goes on from there. Its end waits for the disk, and so for all before.
async fn link(doorward: &Doorward) -> Result<Option<Link>, Error> {
    let mut link = Link::open_beside(doorward.database()).await?;
    if let Some(link) = &mut link {
        link.without_waiting_for_the_disk().await?;
    }
    Ok(link)
}

fn reject(observer: &mut dyn Observer, item: &Item, reasons: &[Reason]) -> Result<(), ImportFault> {
    observer.rejected(item.raw.to_json(item.line, reasons)).map_err(ImportFault::Rejects)
}

/// How far an earlier run came; the beginning where there was none, and for a dry run.
async fn begun(doorward: &Doorward, import: &Import, source_hash: &str) -> Result<import::Model, Error> {
    if !import.dry_run
        && let Some(row) = import::Entity::find_by_id(source_hash.to_owned()).one(doorward.database().reads()).await?
    {
        return Ok(row);
    }
    let row = new_row(doorward, source_hash);
    if !import.dry_run {
        let transaction = doorward.database().begin().await?;
        import::Entity::insert(import::ActiveModel::from(row.clone()).reset_all())
            .exec_without_returning(&transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(row)
}

fn new_row(doorward: &Doorward, source_hash: &str) -> import::Model {
    import::Model {
        source_hash: source_hash.to_owned(),
        records: 0,
        created: 0,
        changed: 0,
        skipped: 0,
        rejected: 0,
        started_at: doorward.now(),
        ended_at: None,
        last_id: None,
    }
}

async fn end(doorward: &Doorward, row: &mut import::Model) -> Result<(), Error> {
    let now = doorward.now();
    row.ended_at = Some(now);
    let transaction = doorward.database().begin().await?;
    import::Entity::update(import::ActiveModel::from(row.clone()).reset_all()).exec(&transaction).await?;
    let event = Event::of_nobody(EventKind::UsersImported)
        .with("source", row.source_hash.as_str())
        .with("created", row.created)
        .with("changed", row.changed)
        .with("skipped", row.skipped)
        .with("rejected", row.rejected);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}

fn of(row: &import::Model) -> Outcome {
    Outcome {
        records: row.records,
        created: row.created,
        changed: row.changed,
        skipped: row.skipped,
        rejected: row.rejected,
        reasons: BTreeMap::new(),
        resumed_after: 0,
        finished_before: false,
        conflict: None,
    }
}

fn with_counts(outcome: Outcome, row: &import::Model) -> Outcome {
    Outcome {
        reasons: outcome.reasons,
        resumed_after: outcome.resumed_after,
        finished_before: outcome.finished_before,
        ..of(row)
    }
}

/// Records that were read and checked.
struct Part {
    items: Vec<Item>,
    appending: Option<Appending>,
    /// How much was read up to here.
    read: u64,
    /// What the source is known by, where it came to its end.
    last: Option<String>,
}

/// Reads, checks and makes ready on a thread of its own, a few batches ahead.
fn read(
    doorward: &Doorward,
    rules: Rules,
    known_by: &str,
    reached: Reached,
) -> mpsc::Receiver<Result<Part, SourceFault>> {
    let known_by = known_by.to_owned();
    let (sender, receiver) = mpsc::channel(WAITING);
    let (limits, now) = (doorward.hashing().limits(), doorward.now());
    let (engine, most_id) = (doorward.database().engine(), doorward.database().most_user_id());
    tokio::task::spawn_blocking(move || {
        let checking = Checking { rules: &rules, limits: &limits, now, engine, most_id };
        if let Err(fault) = checking.send_all(&known_by, reached, &sender) {
            // Whoever ended the import listens no more.
            let _ = sender.blocking_send(Err(fault));
        }
    });
    receiver
}

struct Checking<'a> {
    rules: &'a Rules,
    limits: &'a Limits,
    now: StoredTime,
    engine: Engine,
    most_id: i64,
}

impl Checking<'_> {
    fn send_all(
        &self,
        known_by: &str,
        reached: Reached,
        sender: &mpsc::Sender<Result<Part, SourceFault>>,
    ) -> Result<(), SourceFault> {
        let mut records = source::open(&self.rules.import.source, known_by, reached)?;
        let mut items = Vec::with_capacity(BATCH);
        let mut begun_at = records.position();
        while let Some(record) = records.next()? {
            let checked = record.user.and_then(|user| {
                if user.id.is_some_and(|id| id > self.most_id) {
                    return Err(vec![Reason::of("id", "out_of_range")]);
                }
                user.check(self.rules.import.ids, self.limits, self.now)
            });
            items.push(Item { line: record.line, checked, raw: record.raw });
            if items.len() == BATCH || records.position() - begun_at > LARGE_BATCH {
                begun_at = records.position();
                let part = self.part(std::mem::take(&mut items), records.position(), None)?;
                if sender.blocking_send(Ok(part)).is_err() {
                    return Ok(());
                }
            }
        }
        let read = records.position();
        let last = Some(records.finish()?);
        let _ = sender.blocking_send(Ok(self.part(items, read, last)?));
        Ok(())
    }

    fn part(&self, items: Vec<Item>, read: u64, last: Option<String>) -> Result<Part, SourceFault> {
        let appending = if self.rules.import.dry_run {
            None
        } else {
            Appending::of(self.rules, &items, self.engine).map_err(Error::from)?
        };
        Ok(Part { items, appending, read, last })
    }
}
