use sea_orm::{
    DbErr,
    sqlx::{self, AssertSqlSafe, PgConnection, SqliteConnection},
};

use crate::database::{Database, DatabaseFailure, Engine};

/// One connection for itself, with transactions begun and ended by name. What is open when it is dropped is rolled back.
#[derive(Debug)]
pub enum Link {
    /// To an embedded database.
    Sqlite(SqliteConnection),
    /// To a server.
    Postgres(PgConnection),
}

impl Link {
    /// A connection of the database's, taken out of its pool.
    ///
    /// # Errors
    /// A database in memory is its one connection, which is not given away.
    pub async fn open(database: &Database) -> Result<Self, DatabaseFailure> {
        let in_memory = || DatabaseFailure::from(DbErr::Custom("a database in memory has one connection only".into()));
        Self::open_beside(database).await?.ok_or_else(in_memory)
    }

    /// The same; none for a database in memory.
    pub async fn open_beside(database: &Database) -> Result<Option<Self>, DatabaseFailure> {
        let connection = database.reads().inner();
        if database.engine() == Engine::Sqlite {
            let file = "SELECT file FROM pragma_database_list WHERE name = 'main'";
            let file: Option<String> =
                sqlx::query_scalar(file).fetch_optional(connection.get_sqlite_connection_pool()).await?;
            if file.is_none_or(|file| file.is_empty()) {
                return Ok(None);
            }
        }
        let mut link = match database.engine() {
            Engine::Sqlite => Self::Sqlite(connection.get_sqlite_connection_pool().acquire().await?.detach()),
            Engine::Postgres => Self::Postgres(connection.get_postgres_connection_pool().acquire().await?.detach()),
        };
        if database.engine() == Engine::Postgres {
            // A table is sorted, an index is looked through: longer than what somebody waits for.
            link.run("SET statement_timeout = '10min'").await?;
        }
        Ok(Some(link))
    }

    /// Which engine is at its other end.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs statements without parameters; `sql` is of Doorward's own making.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), DatabaseFailure> {
        match self {
            Self::Sqlite(connection) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// Begins to read everything as of one moment.
    pub async fn begin_reading(&mut self) -> Result<(), DatabaseFailure> {
        match self {
            Self::Sqlite(_) => self.run("BEGIN").await,
            Self::Postgres(_) => self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
        }
    }

    /// Begins to write.
    pub async fn begin_writing(&mut self) -> Result<(), DatabaseFailure> {
        match self {
            Self::Sqlite(_) => self.run("BEGIN IMMEDIATE").await,
            Self::Postgres(_) => self.run("BEGIN").await,
        }
    }

    /// Lets tables be filled in any order: on SQLite one that points at another need not find it. PostgreSQL's keys are
    /// dropped by [`super::arrange`].
    pub async fn without_foreign_keys(&mut self) -> Result<(), DatabaseFailure> {
        match self {
            Self::Sqlite(_) => self.run("PRAGMA foreign_keys = OFF").await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// From now on a commit is whole, and survives the process, but where the machine stops only once something else was
    /// committed that waits for the disk.
    pub async fn without_waiting_for_the_disk(&mut self) -> Result<(), DatabaseFailure> {
        match self {
            Self::Sqlite(_) => self.run("PRAGMA synchronous = NORMAL").await,
            Self::Postgres(_) => self.run("SET synchronous_commit = off").await,
        }
    }

    /// Ends what was begun, and keeps what was written.
    pub async fn commit(&mut self) -> Result<(), DatabaseFailure> {
        self.run("COMMIT").await
    }

    /// Ends what was begun, and keeps nothing of it.
    pub async fn roll_back(&mut self) -> Result<(), DatabaseFailure> {
        self.run("ROLLBACK").await
    }

    /// Ends the connection in good order.
    pub async fn close(self) -> Result<(), DatabaseFailure> {
        match self {
            Self::Sqlite(connection) => sqlx::Connection::close(connection).await?,
            Self::Postgres(connection) => sqlx::Connection::close(connection).await?,
        }
        Ok(())
    }

    /// The first column of every row of a query.
    pub(super) async fn texts(&mut self, sql: &str) -> Result<Vec<String>, DatabaseFailure> {
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await?,
            Self::Postgres(connection) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await?,
        })
    }

    /// The one number that a query answers.
    pub(super) async fn number(&mut self, sql: &str) -> Result<i64, DatabaseFailure> {
        let number: Option<i64> = match self {
            Self::Sqlite(connection) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?,
            Self::Postgres(connection) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?,
        };
        Ok(number.unwrap_or_default())
    }
}
