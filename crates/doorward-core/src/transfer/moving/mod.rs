mod beginning;
mod work;

use crate::{
    Error,
    database::{
        self, Database,
        transfer::{Link, Move, MoveState, forget, let_write, own_tables, stop_noting},
    },
};
use beginning::{Begun, begin, begun};
use work::Moving;

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
    let (id, resumed, is_over) = match begun(source, target).await? {
        Begun::Over { id } => {
            // Killed when only this was left to do.
            let mut link = Link::open(target).await?;
            forget(&mut link).await?;
            link.close().await?;
            (id, true, true)
        }
        Begun::New { id } => {
            begin(source, target, &id).await?;
            (id, false, false)
        }
        Begun::Before { id } => {
            begin(source, target, &id).await?;
            (id, true, false)
        }
    };
    let mut moving = Moving::open(source, target, id).await?;
    let held_ms = if is_over {
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

async fn tables_of_others(source: &Database) -> Result<Vec<String>, Error> {
    let own: Vec<_> = own_tables().await?.into_iter().map(|table| table.name).collect();
    let stays = |name: &String| !own.contains(name) && !name.starts_with("doorward_");
    Ok(database::tables(source).await?.into_iter().map(|table| table.name).filter(stays).collect())
}
