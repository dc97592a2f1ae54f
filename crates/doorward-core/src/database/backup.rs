use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::{
    ConnectionTrait, Statement,
    sqlx::{
        self, ConnectOptions as _, Connection as _, SqliteConnection,
        sqlite::{SqliteConnectOptions, SqliteLockingMode},
    },
};

use super::{Database, DatabaseFailure, Engine, connect::sqlite_path};
use crate::Error;

/// How long another command may have the database open before it counts as in use.
const COMMAND_TIME: Duration = Duration::from_secs(2);

/// What to do for a backup where Doorward doesn't make it itself.
#[derive(Debug, Clone, serde::Serialize)]
pub struct BackupAdvice {
    /// The command line to run.
    pub command: String,
}

/// Copies the embedded database to `target` while it is in use; the copy is of one moment. For
/// PostgreSQL, answers which `pg_dump` line to run.
///
/// # Errors
/// A `target` that exists is refused: a backup never overwrites another.
pub async fn back_up(database: &Database, target: &Path) -> Result<Option<BackupAdvice>, Error> {
    if database.engine() == Engine::Postgres {
        return Ok(Some(BackupAdvice {
            command: format!("pg_dump --format=custom --file={} --dbname=$DOORWARD_DATABASE", target.display()),
        }));
    }
    if target.exists() {
        return Err(Error::startup(
            format!("{} exists", target.display()),
            "name a new file; a backup never overwrites another",
        ));
    }
    make_private(target)?;
    let connection = database.reads();
    let name = target.to_string_lossy().into_owned();
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), "VACUUM INTO ?", [name.into()]);
    connection.inner().execute_raw(statement).await.map_err(DatabaseFailure::from)?;
    std::fs::File::open(target).and_then(|file| file.sync_all()).map_err(|error| {
        Error::startup(format!("the backup could not be made durable: {error}"), "check the disk, and make it again")
    })?;
    Ok(None)
}

/// SQLite writes into an empty file that exists, so it gets its mode before its content.
fn make_private(path: &Path) -> Result<(), Error> {
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.open(path).map(drop).map_err(|error| {
        Error::startup(
            format!("{} can't be made: {error}", path.display()),
            "name a place that Doorward's user may write to",
        )
    })
}

/// Puts a backup in the place of the embedded database that `url` names. What stood there is kept
/// beside it; answers where.
///
/// # Errors
/// While another process has the database open, such as a Doorward that serves: it would go on writing
/// into the file that was moved aside.
pub async fn restore(url: &str, backup: &Path) -> Result<Option<PathBuf>, Error> {
    if !url.starts_with("sqlite:") {
        return Err(Error::startup(
            "Doorward restores only its embedded database",
            format!("run: pg_restore --clean --if-exists --dbname=$DOORWARD_DATABASE {}", backup.display()),
        ));
    }
    let Some(target) = sqlite_path(url) else {
        return Err(Error::startup("a database in memory can't be restored", "set `database` to a file"));
    };
    let io = |error: std::io::Error| {
        Error::startup(
            format!("{} could not be restored from {}: {error}", target.display(), backup.display()),
            "check both places and their permissions",
        )
    };
    let mut header = [0; 16];
    std::io::Read::read_exact(&mut std::fs::File::open(backup).map_err(io)?, &mut header).map_err(io)?;
    if &header != b"SQLite format 3\0" {
        return Err(Error::startup(
            format!("{} is no SQLite database", backup.display()),
            "name a file that `doorward backup` made",
        ));
    }
    let alone = if target.exists() { open_alone(&target).await? } else { None };
    let with = |suffix: &str| PathBuf::from(format!("{}{suffix}", target.display()));
    let arriving = with(".restoring");
    let _ = std::fs::remove_file(&arriving);
    make_private(&arriving)?;
    // Not `fs::copy`: it would copy the backup's mode too, which others may read.
    let copied = std::fs::File::open(backup).and_then(|mut from| {
        let mut to = std::fs::OpenOptions::new().write(true).open(&arriving)?;
        std::io::copy(&mut from, &mut to)?;
        to.sync_all()
    });
    copied.map_err(io)?;
    let mut kept = None;
    if target.exists() {
        let aside = (1..10_000)
            .map(|number| with(&format!(".before-restore-{number}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| with(".before-restore"));
        std::fs::rename(&target, &aside).map_err(io)?;
        // A log belongs to the file that was moved: left in place it would be played into the new one.
        for suffix in ["-wal", "-shm", "-journal"] {
            let log = with(suffix);
            if log.exists() {
                std::fs::rename(&log, PathBuf::from(format!("{}{suffix}", aside.display()))).map_err(io)?;
            }
        }
        kept = Some(aside);
    }
    std::fs::rename(&arriving, &target).map_err(io)?;
    if let Some(connection) = alone {
        // SQLite sees that the file was moved and leaves the new one alone. What it might complain of
        // here is of no more use.
        let _ = connection.close().await;
    }
    Ok(kept)
}

/// A connection that shuts every other process out until it is closed, with the log folded into the
/// file. None where the file can't be opened as a database: then nobody else can use it either.
///
/// In WAL mode each connection holds a shared lock on the file for as long as it is open, and the
/// exclusive locking mode can't be had beside it (<https://www.sqlite.org/pragma.html#pragma_locking_mode>).
async fn open_alone(path: &Path) -> Result<Option<SqliteConnection>, Error> {
    let opened = SqliteConnectOptions::new()
        .filename(path)
        .locking_mode(SqliteLockingMode::Exclusive)
        .busy_timeout(COMMAND_TIME)
        .disable_statement_logging()
        .connect()
        .await;
    let locked = match opened {
        Ok(mut connection) => {
            let sql = "BEGIN EXCLUSIVE; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)";
            sqlx::raw_sql(sql).execute(&mut connection).await.map(|_| connection)
        }
        Err(error) => Err(error),
    };
    match locked {
        Ok(connection) => Ok(Some(connection)),
        Err(error) if is_held(&error) => Err(Error::startup(
            format!("{} is in use: another process has the database open", path.display()),
            "stop Doorward and every other program that uses the database, and restore again",
        )),
        Err(_) => Ok(None),
    }
}

/// BUSY or LOCKED (<https://www.sqlite.org/rescode.html>).
fn is_held(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6))
}
