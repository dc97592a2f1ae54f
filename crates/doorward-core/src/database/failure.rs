use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// A database operation that failed, and whether trying again later can help.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct DatabaseFailure {
    #[source]
    source: DbErr,
    unavailable: bool,
}

impl DatabaseFailure {
    pub(super) fn timed_out() -> Self {
        DbErr::Conn(RuntimeErr::Internal("timed out".into())).into()
    }

    /// The database can't be reached, read or written now (down, frozen, locked, disk full, damaged):
    /// the same request may succeed later.
    pub fn is_unavailable(&self) -> bool {
        self.unavailable
    }

    /// What the driver said.
    pub(super) fn of_driver(&self) -> Option<&sqlx::Error> {
        match &self.source {
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => Some(inner.as_ref()),
            _ => None,
        }
    }
}

impl From<DbErr> for DatabaseFailure {
    fn from(source: DbErr) -> Self {
        let unavailable = is_unavailable(&source);
        Self { source, unavailable }
    }
}

impl From<sqlx::Error> for DatabaseFailure {
    fn from(source: sqlx::Error) -> Self {
        DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(source))).into()
    }
}

/// Whether a constraint of the database settled a race: the value was taken by another writer.
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

fn is_unavailable(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => {
            match inner.as_ref() {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => true,
                sqlx::Error::Database(database) => database.code().is_some_and(|code| is_unavailable_code(&code)),
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_unavailable_code(code: &str) -> bool {
    // SQLite's primary result code stands in the low byte: BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL,
    // CANTOPEN, NOTADB (<https://www.sqlite.org/rescode.html>).
    if code.len() < 5 {
        // A trigger refused the write: a database that was moved takes none, and the other one will.
        if code == "1811" {
            return true;
        }
        return code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 11 | 13 | 14 | 26));
    }
    // PostgreSQL's classes: connection, insufficient resources, operator intervention (statement
    // timeout too), system error; and serialization failure, deadlock, read-only transaction.
    matches!(&code[..2], "08" | "53" | "57" | "58") || matches!(code, "40001" | "40P01" | "25006")
}
