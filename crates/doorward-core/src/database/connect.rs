use std::{
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sea_orm::{
    DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector,
    sqlx::{
        ConnectOptions, Connection as _,
        postgres::{PgConnectOptions, PgPoolOptions},
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    },
};

use super::{Connection, Database, Engine, hosts};
use crate::Error;

/// Readers of the embedded database; there is one writer beside them.
const SQLITE_READERS: u32 = 4;

/// What [`connect`] needs to know.
#[derive(Clone)]
pub struct DatabaseOptions {
    /// `sqlite://path` or `postgres://user@host[:port][,host…]/name`.
    pub url: String,
    /// Most connections to PostgreSQL.
    pub max_connections: u32,
    /// Longest wait for a free connection.
    pub acquire_timeout: Duration,
    /// Longest wait for one statement.
    pub statement_timeout: Duration,
    /// Whether a missing SQLite file is made. False where a former start left its traces: the file
    /// was moved, and an empty one beside it would hide that.
    pub create: bool,
}

impl std::fmt::Debug for DatabaseOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL holds a password.
        f.debug_struct("DatabaseOptions").field("create", &self.create).finish_non_exhaustive()
    }
}

/// Opens the database of `options`, and nothing else: no table is made.
pub async fn connect(options: &DatabaseOptions) -> Result<Database, Error> {
    if options.url.starts_with("sqlite:") {
        connect_sqlite(options).await
    } else if options.url.starts_with("postgres:") || options.url.starts_with("postgresql:") {
        connect_postgres(options).await
    } else {
        Err(Error::startup(
            "the `database` setting is neither a sqlite:// nor a postgres:// URL",
            "set it to sqlite://doorward.db or postgres://user:password@host/name",
        ))
    }
}

impl Database {
    /// A database over a connection that the embedding application brings.
    pub fn from_connection(connection: DatabaseConnection, wait: Duration) -> Result<Self, Error> {
        let engine = match connection.get_database_backend() {
            sea_orm::DbBackend::Sqlite => Engine::Sqlite,
            sea_orm::DbBackend::Postgres => Engine::Postgres,
            _ => {
                return Err(Error::startup(
                    "the connection is neither to SQLite nor to PostgreSQL",
                    "give Doorward a SeaORM connection to one of them",
                ));
            }
        };
        Ok(Self::new(engine, connection.clone(), connection, wait, "the application's connection".into()))
    }

    pub(super) fn new(
        engine: Engine,
        reads: DatabaseConnection,
        writes: DatabaseConnection,
        wait: Duration,
        location: String,
    ) -> Self {
        Self { engine, reads: Connection::new(reads, engine, wait), writes, wait, location, original: None }
    }

    /// The same error as an operator can act on it: an embedded file that can't be used is named, with
    /// the way out.
    pub(crate) fn explain(&self, error: Error) -> Error {
        match &error {
            Error::Unavailable(failure) if self.engine == Engine::Sqlite => match failure.of_driver() {
                Some(of_driver) => sqlite_refusal(Path::new(&self.location), of_driver),
                None => error,
            },
            _ => error,
        }
    }
}

/// The file that a `sqlite:` URL names; `None` for one in memory.
pub(super) fn sqlite_path(url: &str) -> Option<PathBuf> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
}

async fn connect_sqlite(options: &DatabaseOptions) -> Result<Database, Error> {
    let base = SqliteConnectOptions::from_str(&options.url)
        .map_err(|error| {
            Error::startup(
                format!("`database` can't be read as a SQLite URL: {error}"),
                "write it as sqlite://path/to/file.db",
            )
        })?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(options.acquire_timeout)
        .disable_statement_logging();
    let wait = options.acquire_timeout + options.statement_timeout;

    let Some(path) = sqlite_path(&options.url) else {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(base)
            .await
            .map_err(|error| Error::startup(error.to_string(), "use a file: sqlite://doorward.db"))?;
        let connection = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
        return Ok(Database::new(Engine::Sqlite, connection.clone(), connection, wait, "memory".into()));
    };
    prepare_file(&path, options.create)?;

    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .min_connections(1)
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(Duration::from_mins(10))
            // The driver asks the connection whether it lives when it comes back; that a file has hung up meanwhile
            // can't be.
            .test_before_acquire(false)
            // Where a write fails for want of room, SQLite ends the transaction by itself, and the driver
            // goes on counting it: what is written next would be a part of it that is never committed.
            .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
    };
    let writes = pool(1).connect_with(base.clone()).await.map_err(|error| sqlite_refusal(&path, &error))?;
    let reads = pool(SQLITE_READERS).connect_with(base).await.map_err(|error| sqlite_refusal(&path, &error))?;
    Ok(Database::new(
        Engine::Sqlite,
        SqlxSqliteConnector::from_sqlx_sqlite_pool(reads),
        SqlxSqliteConnector::from_sqlx_sqlite_pool(writes),
        wait,
        path.display().to_string(),
    ))
}

/// Makes the file where that is allowed, readable by its owner only. Later connections never
/// create one, so a file that is moved away while Doorward runs is missed, not replaced.
fn prepare_file(path: &Path, create: bool) -> Result<(), Error> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Error::startup(
            format!("{shown} is a folder"),
            "name a file in `database`, as in sqlite://doorward.db",
        ));
    }
    if let Ok(about) = path.metadata() {
        if about.len() == 0 && !create {
            return Err(Error::startup(
                format!("the database file {shown} is empty: not a byte is in it"),
                format!(
                    "restore it from a backup; to begin anew on purpose, remove {shown} and the file that \
                     `keys.seal_key_file` names"
                ),
            ));
        }
        return Ok(());
    }
    let log = PathBuf::from(format!("{shown}-wal"));
    // Looked for once more: another Doorward that starts at once makes the file, and then the log.
    if !create || (log.exists() && !path.exists()) {
        // The whole path: a wrong one is mostly one in another folder.
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        return Err(Error::startup(
            format!(
                "the database file {} is missing, though Doorward has run here before: it was moved or deleted, or \
                 `database` names another place than then",
                whole.display()
            ),
            format!(
                "put {shown} back, or correct `database`; to begin anew on purpose, remove the file that \
                 `keys.seal_key_file` names and {shown}-wal, where they are, and start without `--no-migrate`"
            ),
        ));
    }
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    match open.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(Error::startup(
            format!("the database file {shown} can't be made: {error}"),
            "make its folder writable for Doorward, or set `database` to another place",
        )),
        _ => Ok(()),
    }
}

const LOCKED: (&str, &str) = ("is locked by another process", "end the process that holds it, and start again");

fn sqlite_refusal(path: &Path, error: &sea_orm::sqlx::Error) -> Error {
    let shown = path.display();
    let code = error.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code);
    let primary = code.and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    let (what, way_out) = match primary {
        Some(26) => ("is no SQLite database", "set `database` to the right file, or restore it from a backup"),
        Some(11) => ("is damaged", "restore it with `doorward restore`, or rescue it with `sqlite3 FILE .recover`"),
        Some(8) => ("is read-only", "make the file and its folder writable for Doorward's user"),
        Some(5 | 6) => LOCKED,
        Some(14) => ("can't be opened", "check the path and who may read and write it and its folder"),
        Some(13) => ("has no room: the disk is full", "free some space, and start again"),
        // Only a lock keeps a file from being opened for so long.
        None if matches!(error, sea_orm::sqlx::Error::PoolTimedOut) => LOCKED,
        _ => ("can't be opened", "check the path and the file"),
    };
    Error::startup(format!("the database file {shown} {what} ({error})"), way_out)
}

async fn connect_postgres(options: &DatabaseOptions) -> Result<Database, Error> {
    let candidates = hosts::candidates(&options.url)?;
    let timeout = options.statement_timeout.as_millis().to_string();
    let prepare = |options: PgConnectOptions| {
        options
            .application_name("doorward")
            .options([("statement_timeout", timeout.as_str())])
            .disable_statement_logging()
    };
    let candidates: Vec<_> = candidates.into_iter().map(prepare).collect();
    let location = hosts::describe(&candidates);
    let chosen = hosts::select(&candidates, options.acquire_timeout).await.map_err(|error| {
        Error::startup(
            format!("PostgreSQL at {location} can't be reached: {error}"),
            "check `database`, that the server runs, and that the user and the database exist",
        )
    })?;
    let turned = hosts::Turned::default();
    let seen = turned.clone();
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .idle_timeout(Duration::from_mins(10))
        .before_acquire(move |_, about| {
            let current = !seen.since(about.age);
            Box::pin(async move { Ok(current) })
        })
        .connect_lazy_with(chosen);
    hosts::follow(&pool, candidates, turned);
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    let wait = options.acquire_timeout + options.statement_timeout;
    Ok(Database::new(Engine::Postgres, connection.clone(), connection, wait, location))
}
