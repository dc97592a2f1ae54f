use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, DatabaseFailure, Engine, connect::sqlite_path};
use crate::Error;

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
/// beside it; answers where. No process may have the database open.
pub fn restore(url: &str, backup: &Path) -> Result<Option<PathBuf>, Error> {
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
    let with = |suffix: &str| PathBuf::from(format!("{}{suffix}", target.display()));
    let arriving = with(".restoring");
    let _ = std::fs::remove_file(&arriving);
    make_private(&arriving)?;
    std::fs::copy(backup, &arriving).map_err(io)?;
    std::fs::File::open(&arriving).and_then(|file| file.sync_all()).map_err(io)?;
    let mut kept = None;
    if target.exists() {
        let aside = (1..10_000)
            .map(|number| with(&format!(".before-restore-{number}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| with(".before-restore"));
        std::fs::rename(&target, &aside).map_err(io)?;
        // The log belongs to the file that was moved: left in place it would be played into the new one.
        for suffix in ["-wal", "-shm"] {
            let log = with(suffix);
            if log.exists() {
                std::fs::rename(&log, PathBuf::from(format!("{}{suffix}", aside.display()))).map_err(io)?;
            }
        }
        kept = Some(aside);
    }
    std::fs::rename(&arriving, &target).map_err(io)?;
    Ok(kept)
}
