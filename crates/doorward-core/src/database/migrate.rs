use sea_orm::{ConnectionTrait, DbErr, Statement};
use sea_orm_migration::{MigrationStatus, MigratorTrait};

use super::{
    Database, DatabaseFailure, Engine, Transaction,
    migrations::{Migrations, POSTGRES_TRIGGERS, SQLITE_TRIGGERS},
};
use crate::Error;

/// Who made the `users` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Doorward.
    Made,
    /// Another application, which may still read and write it.
    Adopted,
}

/// One step of the schema and whether this database has it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MigrationState {
    /// The step's name.
    pub name: String,
    /// Whether it has been applied.
    pub applied: bool,
}

/// Applies the steps that are missing, all or none of them. Several processes may do it at once:
/// the first does the work, the others find it done. Answers the names of the steps applied.
pub async fn migrate_up(database: &Database) -> Result<Vec<String>, Error> {
    bring_up(database).await.map_err(|error| database.explain(error))
}

async fn bring_up(database: &Database) -> Result<Vec<String>, Error> {
    let transaction = begin_alone(database).await?;
    let before = states(&transaction).await?;
    if before.iter().any(|state| !state.applied) {
        Migrations::up(transaction.inner(), None).await.map_err(refused)?;
    }
    let triggers = match database.engine() {
        Engine::Sqlite => SQLITE_TRIGGERS,
        Engine::Postgres => POSTGRES_TRIGGERS,
    };
    transaction.inner().execute_unprepared(triggers).await.map_err(refused)?;
    // Changes nothing, and is refused where nothing can be written: better told now than at the first login.
    let probe = "UPDATE doorward_state SET value = value WHERE name = ''";
    transaction.inner().execute_unprepared(probe).await.map_err(refused)?;
    transaction.commit().await?;
    Ok(before.into_iter().filter(|state| !state.applied).map(|state| state.name).collect())
}

/// Takes back the newest `steps` steps, or all. Answers how many there were.
pub async fn migrate_down(database: &Database, steps: Option<u32>) -> Result<usize, Error> {
    let transaction = begin_alone(database).await?;
    let applied = |states: Vec<MigrationState>| states.iter().filter(|state| state.applied).count();
    let before = applied(states(transaction.inner()).await?);
    Migrations::down(transaction.inner(), steps).await.map_err(refused)?;
    let after = applied(states(transaction.inner()).await?);
    transaction.commit().await?;
    Ok(before - after)
}

/// Takes away everything that Doorward added to another application's database, its list of steps too; all
/// or nothing. Answers how many steps there were. A database that Doorward made is refused.
pub async fn take_away(database: &Database) -> Result<usize, Error> {
    let transaction = begin_alone(database).await?;
    let applied = states(&transaction).await?.iter().filter(|state| state.applied).count();
    if applied > 0 {
        if origin_within(&transaction).await? == Origin::Made {
            return Err(Error::startup(
                "this database is Doorward's own: without what Doorward made, nothing of use would be left",
                "to begin anew, name another database",
            ));
        }
        Migrations::down(transaction.inner(), None).await.map_err(refused)?;
    }
    let own = "DROP TABLE IF EXISTS doorward_migrations";
    transaction.inner().execute_unprepared(own).await.map_err(refused)?;
    transaction.commit().await?;
    Ok(applied)
}

/// The steps, oldest first. Changes nothing.
pub async fn migration_status(database: &Database) -> Result<Vec<MigrationState>, Error> {
    states(database.reads()).await.map_err(|error| database.explain(error))
}

/// Who made the `users` table of this database.
pub async fn origin(database: &Database) -> Result<Origin, DatabaseFailure> {
    origin_within(database.reads()).await
}

async fn origin_within(connection: &impl ConnectionTrait) -> Result<Origin, DatabaseFailure> {
    let sql = "SELECT value FROM doorward_state WHERE name = 'origin'";
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    let value: Option<String> = row.map(|row| row.try_get("", "value")).transpose()?;
    Ok(match value.as_deref() {
        Some("made") => Origin::Made,
        _ => Origin::Adopted,
    })
}

async fn states(connection: &impl ConnectionTrait) -> Result<Vec<MigrationState>, Error> {
    let migrations = Migrations::get_migration_with_status_read_only(connection).await.map_err(refused)?;
    Ok(migrations
        .iter()
        .map(|migration| MigrationState {
            name: migration.name().to_owned(),
            applied: migration.status() == MigrationStatus::Applied,
        })
        .collect())
}

async fn begin_alone(database: &Database) -> Result<Transaction, Error> {
    let transaction = database.begin().await?;
    if database.engine() == Engine::Postgres {
        transaction
            .execute_unprepared("SELECT pg_advisory_xact_lock(7310581441)")
            .await
            .map_err(DatabaseFailure::from)?;
    }
    Ok(transaction)
}

fn refused(error: DbErr) -> Error {
    match error {
        DbErr::Migration(message) => Error::startup(
            message,
            "rename that table, or give Doorward a database (on PostgreSQL: a schema) of its own",
        ),
        DbErr::Custom(message) => {
            Error::startup(message, "this database was migrated by a newer Doorward: run that version, or one as new")
        }
        other => DatabaseFailure::from(other).into(),
    }
}
