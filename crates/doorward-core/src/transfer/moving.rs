use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{
    compare::{MOST_DIFFERENCES, differences, still_differing},
    fill::{Misfits, fitting, insert_fitting},
    prepare, require_current,
};
use crate::{
    Error, Randomness as _, SystemRandomness,
    database::{
        self, Database, DatabaseFailure,
        transfer::{
            Entry, Link, Move, MoveState, Pages, Row, TransferTable, Written, arrange, begin_noting, clear, count,
            delete_entries, entries, finish, forget, greatest_key, held_tables, hold, let_write, note, own_tables,
            refuse_writes, replace, rows_of, sequences, stop_noting,
        },
    },
    hexadecimal::to_hexadecimal,
};

/// Notes that are read at a time.
const NOTES: usize = 2_000;
/// Keys that are brought over at a time.
const KEYS: usize = 200;
/// So few notes are caught up with while writers wait.
const FEW: usize = 200;
/// Rounds of catching up before the end, and tries to be alone.
const ROUNDS: usize = 100;

/// What a move is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Copies a table; so many of its rows are there.
    Copying {
        /// The table.
        table: &'a str,
        /// Rows copied in this run.
        rows: u64,
    },
    /// Brings over what was written meanwhile; so many rows.
    CatchingUp(u64),
    /// Compares both.
    Comparing(&'a str),
    /// Nobody writes.
    Holding,
}

/// What a move did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MoveReport {
    /// Where to, without a password.
    pub to: String,
    /// An earlier run had begun it.
    pub resumed: bool,
    /// Each table that was moved.
    pub tables: Vec<MovedTable>,
    /// Rows that were written meanwhile and brought over.
    pub caught_up: u64,
    /// How long writers waited, in milliseconds.
    pub held_ms: u64,
    /// Tables of others, which stay.
    pub stay: Vec<String>,
}

/// A table that was moved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MovedTable {
    /// Its name.
    pub name: String,
    /// How many rows it has, here and there.
    pub rows: i64,
}

/// Copies everything that Doorward holds in `source` to `target`, a database that nobody uses yet, while `source` serves; catches
/// up; compares every row; and at the end, within one short wait for writers, makes `source` refuse all writes. Killed at any
/// moment and run again, it goes on.
///
/// # Errors
/// [`Error::Startup`] where a row can't stand in `target`, or `target` is in use. `source` goes on serving then.
pub async fn move_to(
    source: &Database,
    target: &Database,
    watch: &mut (dyn FnMut(Step<'_>) + Send),
) -> Result<MoveReport, Error> {
    let (id, resumed) = match begun(source, target).await? {
        Begun::Over { id } => {
            // Killed when only this was left to do.
            let mut link = Link::open(target).await?;
            forget(&mut link).await?;
            link.close().await?;
            (id, true)
        }
        Begun::New { id } => {
            begin(source, target, &id).await?;
            (id, false)
        }
        Begun::Before { id } => {
            begin(source, target, &id).await?;
            (id, true)
        }
    };
    let mut moving = Moving::open(source, target, id).await?;
    let held_ms = if database::transfer::move_state(source).await?.is_some_and(|it| it.state == MoveState::Left) {
        0
    } else {
        moving.copy(watch).await?;
        if !resumed {
            moving.misfits.refuse()?;
        }
        moving.catch_up(watch).await?;
        moving.compare(watch).await?;
        moving.end(watch).await?
    };
    let tables = moving.counts().await?;
    let caught_up = moving.caught_up;
    moving.close().await?;
    Ok(MoveReport {
        to: target.location().to_owned(),
        resumed,
        tables,
        caught_up,
        held_ms,
        stay: tables_of_others(source).await?,
    })
}

/// Takes back what a move did to a database that it moves or moved away from: it takes writes again, as it was then.
///
/// # Errors
/// Where no move left from here.
pub async fn abandon(source: &Database) -> Result<Move, Error> {
    let of = database::transfer::move_state(source).await?;
    let Some(of) = of.filter(|of| matches!(of.state, MoveState::Leaving | MoveState::Left)) else {
        return Err(Error::startup(
            format!("no move leads away from the database at {}", source.location()),
            "name the database that was moved",
        ));
    };
    let tables = own_tables().await?;
    let mut link = Link::open(source).await?;
    stop_noting(&mut link, &tables).await?;
    link.begin_writing().await?;
    let_write(&mut link, &tables).await?;
    forget(&mut link).await?;
    link.commit().await?;
    link.close().await?;
    Ok(of)
}

enum Begun {
    New { id: String },
    Before { id: String },
    Over { id: String },
}

async fn begun(source: &Database, target: &Database) -> Result<Begun, Error> {
    require_current(source).await?;
    let here = database::transfer::move_state(source).await?;
    let there = database::transfer::move_state(target).await?;
    let refused = |what: String, way_out: &str| Err(Error::startup(what, way_out));
    match (here, there) {
        (None, None) => {
            prepare(target).await?;
            let mut id = [0; 16];
            SystemRandomness.fill(&mut id);
            Ok(Begun::New { id: to_hexadecimal(&id) })
        }
        // Killed between the first note here and the first there.
        (Some(here), None) if here.state == MoveState::Leaving => {
            prepare(target).await?;
            Ok(Begun::Before { id: here.id })
        }
        (Some(here), Some(there)) if here.id == there.id => Ok(match here.state {
            MoveState::Left => Begun::Over { id: here.id },
            _ => Begun::Before { id: here.id },
        }),
        // Killed when there was nothing left to do.
        (Some(here), None) if here.state == MoveState::Left && here.other == target.location() => {
            Ok(Begun::Over { id: here.id })
        }
        (Some(here), _) if here.state == MoveState::Left => refused(
            format!("the database at {} was moved already, to {}", source.location(), here.other),
            "name that one in `database`",
        ),
        (Some(here), _) if here.state == MoveState::Leaving => refused(
            format!("a move from {} to {} was begun", source.location(), here.other),
            "go on with that, or give it up with `doorward move --abandon`",
        ),
        (Some(here), _) => refused(
            format!("the database at {} is itself being filled, from {}", source.location(), here.other),
            "end that move first",
        ),
        (None, Some(there)) => refused(
            format!("the database at {} takes part in another move, with {}", target.location(), there.other),
            "name a new file, or an empty database",
        ),
    }
}

/// The notes of both, before a row is copied; what is written from now on is written down.
async fn begin(source: &Database, target: &Database, id: &str) -> Result<(), Error> {
    let own = own_tables().await?;
    let mut there = Link::open(target).await?;
    let arriving = Move { id: id.to_owned(), state: MoveState::Arriving, other: source.location().to_owned() };
    let first = database::transfer::move_state(target).await?.is_none();
    there.without_foreign_keys().await?;
    there.begin_writing().await?;
    arrange(&mut there).await?;
    if first {
        clear(&mut there, &own).await?;
    }
    note(&mut there, &arriving).await?;
    there.commit().await?;
    there.close().await?;

    let mut here = Link::open(source).await?;
    let leaving = Move { id: id.to_owned(), state: MoveState::Leaving, other: target.location().to_owned() };
    here.begin_writing().await?;
    note(&mut here, &leaving).await?;
    here.commit().await?;
    begin_noting(&mut here, &own).await?;
    here.close().await?;
    Ok(())
}

async fn tables_of_others(source: &Database) -> Result<Vec<String>, Error> {
    let own: Vec<_> = own_tables().await?.into_iter().map(|table| table.name).collect();
    let stays = |name: &String| !own.contains(name) && !name.starts_with("doorward_");
    Ok(database::tables(source).await?.into_iter().map(|table| table.name).filter(stays).collect())
}

struct Moving<'a> {
    source: &'a Database,
    target: &'a Database,
    id: String,
    here: Vec<TransferTable>,
    there: Vec<TransferTable>,
    reading: Link,
    writing: Link,
    misfits: Misfits,
    caught_up: u64,
}

/// What one round of catching up came to.
struct Round {
    brought: Vec<(usize, Row)>,
    kept: bool,
}

impl<'a> Moving<'a> {
    async fn open(source: &'a Database, target: &'a Database, id: String) -> Result<Self, Error> {
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

    async fn close(self) -> Result<(), Error> {
        self.reading.close().await?;
        self.writing.close().await?;
        Ok(())
    }

    async fn copy(&mut self, watch: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<(), Error> {
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

    async fn catch_up(&mut self, watch: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<(), Error> {
        for _ in 0..ROUNDS {
            let round = self.round().await?;
            watch(Step::CatchingUp(self.caught_up));
            if round.brought.len() <= FEW && !round.kept {
                break;
            }
        }
        Ok(())
    }

    /// Brings over every row that a note tells of, as it is now, and deletes the notes.
    async fn round(&mut self) -> Result<Round, Error> {
        let mut round = Round { brought: Vec::new(), kept: false };
        let mut after = 0;
        loop {
            let notes = entries(&mut self.reading, &self.here, after, NOTES).await?;
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
    async fn compare(&mut self, watch: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<(), Error> {
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
    async fn end(&mut self, watch: &mut (dyn FnMut(Step<'_>) + Send)) -> Result<u64, Error> {
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
        loop {
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

    async fn counts(&mut self) -> Result<Vec<MovedTable>, Error> {
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
