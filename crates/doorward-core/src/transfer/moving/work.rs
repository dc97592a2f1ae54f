use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{
    super::{
        compare::{MOST_DIFFERENCES, differences, still_differing},
        fill::{Misfits, fitting, insert_fitting},
    },
    MovedTable, Step,
};
use crate::{
    Error,
    database::{
        Database, DatabaseFailure,
        transfer::{
            Entry, Link, Move, MoveState, Pages, Row, TransferTable, Written, count, delete_entries, entries, finish,
            forget, greatest_key, held_tables, hold, last_entry, note, own_tables, refuse_writes, replace, rows_of,
            sequences, stop_noting,
        },
    },
};

/// Notes that are read at a time.
const NOTES: usize = 2_000;
/// Keys that are brought over at a time.
const KEYS: usize = 200;
/// So few notes are caught up with while writers wait.
const FEW: usize = 200;
/// Rounds of catching up before the end, and tries to be alone.
const ROUNDS: usize = 100;

/// A move on its way.
pub(super) struct Moving<'a> {
    source: &'a Database,
    target: &'a Database,
    id: String,
    here: Vec<TransferTable>,
    there: Vec<TransferTable>,
    reading: Link,
    writing: Link,
    pub(super) misfits: Misfits,
    pub(super) caught_up: u64,
}

/// What one round of catching up came to.
struct Round {
    brought: Vec<(usize, Row)>,
    kept: bool,
}

impl<'a> Moving<'a> {
    pub(super) async fn open(source: &'a Database, target: &'a Database, id: String) -> Result<Self, Error> {
        let own = own_tables().await?;
        let mut writing = Link::open(target).await?;
        writing.without_foreign_keys().await?;
        Ok(Self {
            source,
            target,
            id,
            here: held_tables(source, &own).await?,
            there: held_tables(target, &own).await?,
            reading: Link::open(source).await?,
            writing,
            misfits: Misfits::default(),
            caught_up: 0,
        })
    }

    pub(super) async fn close(self) -> Result<(), Error> {
        self.reading.close().await?;
        self.writing.close().await?;
        Ok(())
    }

    pub(super) async fn copy(&mut self, watch: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<(), Error> {
        for (here, there) in self.here.iter().zip(&self.there) {
            // What was copied before is there up to its last key, and what became of it since stands in the notes.
            let after = greatest_key(&mut self.writing, there).await?;
            self.reading.begin_reading().await?;
            let mut pages = Pages::new(&mut self.reading, here, after);
            let mut rows = 0;
            loop {
                let page = pages.next().await?;
                if page.is_empty() {
                    break;
                }
                rows += page.len() as u64;
                self.writing.begin_writing().await?;
                // A name that another row has here for now: both were written to since, and are brought over later.
                insert_fitting(&mut self.writing, there, page, &mut self.misfits).await?;
                self.writing.commit().await?;
                watch(Step::Copying { table: &here.name, rows });
            }
            self.reading.roll_back().await?;
        }
        Ok(())
    }

    pub(super) async fn catch_up(&mut self, watch: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<(), Error> {
        for _ in 0..ROUNDS {
            let round = self.round().await?;
            watch(Step::CatchingUp(self.caught_up));
            if round.brought.len() <= FEW && !round.kept {
                break;
            }
        }
        Ok(())
    }

    /// Brings over every row that a note tells of, as it is now, and deletes the notes. Those that come meanwhile are the next
    /// round's: writers may be quicker.
    async fn round(&mut self) -> Result<Round, Error> {
        let mut round = Round { brought: Vec::new(), kept: false };
        let until = last_entry(&mut self.reading).await?;
        let mut after = 0;
        loop {
            let mut notes = entries(&mut self.reading, &self.here, after, NOTES).await?;
            notes.retain(|note| note.sequence <= until);
            let Some(last) = notes.last() else { return Ok(round) };
            after = last.sequence;
            for (index, notes) in by_table(&self.here, notes) {
                self.bring(index, &notes, &mut round).await?;
            }
        }
    }

    async fn bring(&mut self, index: usize, notes: &[Entry], round: &mut Round) -> Result<(), Error> {
        let mut keys: Vec<Row> = Vec::new();
        let mut seen = BTreeSet::new();
        keys.extend(notes.iter().filter(|note| seen.insert(format!("{:?}", note.key))).map(|note| note.key.clone()));
        let mut all = true;
        for keys in keys.chunks(KEYS) {
            all &= self.bring_keys(index, keys).await? == Written::All;
        }
        self.caught_up += keys.len() as u64;
        round.brought.extend(keys.into_iter().map(|key| (index, key)));
        round.kept |= !all;
        if all {
            let sequences: Vec<_> = notes.iter().map(|note| note.sequence).collect();
            delete_entries(&mut self.reading, &sequences).await?;
        }
        Ok(())
    }

    async fn bring_keys(&mut self, index: usize, keys: &[Row]) -> Result<Written, Error> {
        let (here, there) = (&self.here[index], &self.there[index]);
        let rows = rows_of(&mut self.reading, here, keys).await?;
        let rows = fitting(self.writing.engine(), there, rows, &mut self.misfits);
        self.writing.begin_writing().await?;
        let written = replace(&mut self.writing, there, keys, &rows).await;
        match written {
            Ok(written) => {
                self.writing.commit().await?;
                Ok(written)
            }
            Err(failure) => {
                self.writing.roll_back().await?;
                Err(failure.into())
            }
        }
    }

    /// Every row of both, side by side. What differs was written to meanwhile, or is brought over once more.
    pub(super) async fn compare(&mut self, watch: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<(), Error> {
        for index in 0..self.here.len() {
            watch(Step::Comparing(&self.here[index].name));
            self.reading.begin_reading().await?;
            self.writing.begin_reading().await?;
            let (here, there) = (&self.here[index], &self.there[index]);
            let mut differing = differences(&mut self.reading, &mut self.writing, here, there).await?;
            self.reading.roll_back().await?;
            self.writing.roll_back().await?;
            if differing.len() >= MOST_DIFFERENCES {
                return Err(self.differs(index));
            }
            for _ in 0..3 {
                if differing.is_empty() {
                    break;
                }
                for keys in differing.chunks(KEYS) {
                    self.bring_keys(index, keys).await?;
                }
                self.round().await?;
                let (here, there) = (&self.here[index], &self.there[index]);
                differing = still_differing(&mut self.reading, &mut self.writing, here, there, &differing).await?;
            }
            // The rest is being written to just now, and so stands in the notes.
            let noted = entries(&mut self.reading, &self.here, 0, NOTES).await?;
            let unnoted = differing.iter().any(|key| !noted.iter().any(|note| note.key == *key));
            if unnoted && self.misfits.refuse().is_ok() {
                return Err(self.differs(index));
            }
        }
        self.misfits.refuse()
    }

    fn differs(&self, index: usize) -> Error {
        Error::startup(
            format!("`{}` differs in both databases, though nothing was written to it", self.here[index].name),
            "nothing was changed here; name another database to move to, and tell us (SECURITY.md says how)",
        )
    }

    /// The last notes, while writers wait; the target is made ready, and then the source refuses.
    pub(super) async fn end(&mut self, watch: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<u64, Error> {
        self.alone().await?;
        let since = Instant::now();
        watch(Step::Holding);
        let ended = self.end_alone().await;
        if ended.is_err() {
            self.reading.roll_back().await?;
        }
        ended?;
        let held = since.elapsed();
        // First what somebody may wait for.
        forget(&mut self.writing).await?;
        stop_noting(&mut self.reading, &self.here).await?;
        Ok(u64::try_from(held.as_millis()).unwrap_or(u64::MAX))
    }

    async fn end_alone(&mut self) -> Result<(), Error> {
        let mut brought = Vec::new();
        // What is left after so many is found by the comparison below.
        for _ in 0..ROUNDS {
            let round = self.round().await?;
            brought.extend(round.brought);
            if !round.kept {
                break;
            }
        }
        self.misfits.refuse()?;
        for index in 0..self.here.len() {
            let (here, there) = (&self.here[index], &self.there[index]);
            let keys: Vec<_> =
                brought.iter().filter(|(table, _)| *table == index).map(|(_, key)| key.clone()).collect();
            let differing = still_differing(&mut self.reading, &mut self.writing, here, there, &keys).await?;
            if !differing.is_empty() || count(&mut self.reading, here).await? != count(&mut self.writing, there).await?
            {
                return Err(self.differs(index));
            }
        }
        let last = sequences(&mut self.reading).await?;
        self.writing.begin_writing().await?;
        let arrived = Move { id: self.id.clone(), state: MoveState::Arrived, other: self.source.location().to_owned() };
        let finished = async {
            finish(&mut self.writing, &last).await?;
            note(&mut self.writing, &arrived).await
        };
        if let Err(failure) = finished.await {
            self.writing.roll_back().await?;
            return Err(failure.into());
        }
        self.writing.commit().await?;
        let left = Move { id: self.id.clone(), state: MoveState::Left, other: self.target.location().to_owned() };
        refuse_writes(&mut self.reading, &self.here).await?;
        note(&mut self.reading, &left).await?;
        self.reading.commit().await?;
        Ok(())
    }

    /// Waits until nobody is in the middle of writing, and keeps others from beginning.
    async fn alone(&mut self) -> Result<(), Error> {
        let mut last = None;
        for _ in 0..ROUNDS {
            match hold(&mut self.reading, &self.here).await {
                Ok(()) => return Ok(()),
                Err(failure) => last = Some(failure),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(last.unwrap_or_else(|| DatabaseFailure::from(sea_orm::DbErr::Custom("no turn".into()))).into())
    }

    pub(super) async fn counts(&mut self) -> Result<Vec<MovedTable>, Error> {
        let mut tables = Vec::new();
        for table in &self.here {
            let rows = count(&mut self.reading, table).await?;
            tables.push(MovedTable { name: table.name.clone(), rows });
        }
        Ok(tables)
    }
}

fn by_table(tables: &[TransferTable], notes: Vec<Entry>) -> BTreeMap<usize, Vec<Entry>> {
    let mut sorted: BTreeMap<usize, Vec<Entry>> = BTreeMap::new();
    for note in notes {
        if let Some(index) = tables.iter().position(|table| table.name == note.table) {
            sorted.entry(index).or_default().push(note);
        }
    }
    sorted
}
