//! A whole database in files, and from them back; or straight into another database while the first one serves.

mod compare;
mod export;
mod fill;
mod import;
mod manifest;
mod moving;
mod text;

pub use export::{ExportFormat, WantedExport, export};
pub use import::import;
pub use manifest::{ExportedTable, Manifest};
pub use moving::{MoveReport, MovedTable, Step, abandon, move_to};

use crate::{
    Error,
    database::{self, Database, transfer::MoveState},
};

/// # Errors
/// Where a move has made of the database something that must not serve.
pub(crate) async fn refuse_moved(database: &Database) -> Result<(), Error> {
    let Some(of) = database::transfer::move_state(database).await? else { return Ok(()) };
    match of.state {
        MoveState::Leaving => Ok(()),
        MoveState::Left => Err(Error::startup(
            format!("the database at {} was moved to {}, and takes no more writes", database.location(), of.other),
            "name that one in `database`; to go on with this one as it was then, run `doorward move --abandon`",
        )),
        MoveState::Arriving | MoveState::Arrived => Err(Error::startup(
            format!("the database at {} is being filled from {}", database.location(), of.other),
            "run `doorward move` there again until it says that it is done, or give Doorward another database",
        )),
    }
}

/// # Errors
/// Where the database isn't of just this version's form.
async fn require_current(database: &Database) -> Result<Vec<String>, Error> {
    let states = database::migration_status(database).await?;
    if let Some(missing) = states.iter().find(|state| !state.applied) {
        return Err(Error::startup(
            format!("the database at {} lacks the step {}", database.location(), missing.name),
            "run `doorward migrate up` on it",
        ));
    }
    Ok(states.into_iter().map(|state| state.name).collect())
}

/// Makes Doorward's tables in a database that nobody uses yet.
///
/// # Errors
/// Where another application's users are there, or Doorward's.
async fn prepare(database: &Database) -> Result<(), Error> {
    let used = |what: &str| {
        Error::startup(
            format!("the database at {} {what}", database.location()),
            "name a new file, or an empty database (on PostgreSQL: made with `createdb`)",
        )
    };
    let tables = database::tables(database).await?;
    let made = tables.iter().any(|table| table.name == "doorward_state");
    if !made && tables.iter().any(|table| table.name == "users") {
        return Err(used("holds users of another application"));
    }
    database::migrate_up(database).await?;
    require_current(database).await?;
    if !database::transfer::is_unused(database).await? {
        return Err(used("is in use already"));
    }
    Ok(())
}
