//! What an operator wants to know of the database itself; read in each engine's own way.

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, DatabaseFailure, Engine, StoredTime, UserId};

/// Rows that something was found in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowsFound {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub ids: Vec<UserId>,
}

/// Engine and version, as in `SQLite 3.50.2`.
pub async fn engine_version(database: &Database) -> Result<String, DatabaseFailure> {
    let (name, sql) = match database.engine() {
        Engine::Sqlite => ("SQLite", "SELECT sqlite_version()"),
        Engine::Postgres => ("PostgreSQL", "SELECT current_setting('server_version')"),
    };
    let version: String = one(database, sql).await?.unwrap_or_default();
    Ok(format!("{name} {version}"))
}

/// Whether all triggers stand that Doorward relies on.
pub async fn has_triggers(database: &Database) -> Result<bool, DatabaseFailure> {
    let (sql, wanted) = match database.engine() {
        Engine::Sqlite => (
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name IN \
             ('doorward_user_deleted', 'doorward_username_changed', 'doorward_email_changed', \
             'doorward_password_changed')",
            4,
        ),
        Engine::Postgres => (
            "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'D' \
             AND ((tgname IN ('doorward_user_deleted', 'doorward_user_renamed', 'doorward_password_changed') AND tgrelid = 'users'::regclass) \
             OR (tgname IN ('doorward_revocations_in_turn', 'doorward_revocations_told') \
             AND tgrelid = 'revocations'::regclass))",
            5,
        ),
    };
    Ok(one::<i64>(database, sql).await? == Some(wanted))
}

/// The time as the database has it.
pub async fn server_time(database: &Database) -> Result<StoredTime, DatabaseFailure> {
    let sql = match database.engine() {
        Engine::Sqlite => "SELECT CAST(strftime('%s', 'now') AS INTEGER)",
        Engine::Postgres => "SELECT extract(epoch FROM clock_timestamp())::bigint",
    };
    let seconds: i64 = one(database, sql).await?.unwrap_or_default();
    Ok(StoredTime::from_unix_ms(seconds * 1_000))
}

/// Whether what is acknowledged survives a crash: answers the setting that says no.
pub async fn lax_durability(database: &Database) -> Result<Option<String>, DatabaseFailure> {
    match database.engine() {
        Engine::Sqlite => {
            let journal: String = one(database, "PRAGMA journal_mode").await?.unwrap_or_default();
            let synchronous: i64 = one(database, "PRAGMA synchronous").await?.unwrap_or_default();
            // In memory there is nothing to survive.
            let journal_keeps = ["wal", "memory"].contains(&journal.as_str());
            Ok(if journal_keeps && synchronous >= 2 {
                None
            } else {
                Some(format!("journal_mode is {journal}, synchronous is {synchronous}"))
            })
        }
        Engine::Postgres => {
            let sql = "SELECT string_agg(name || ' is off', ', ') FROM pg_settings \
                       WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting = 'off'";
            Ok(one::<Option<String>>(database, sql).await?.flatten())
        }
    }
}

/// Whether the engine refuses a text that is wider than its column.
pub fn enforces_widths(database: &Database) -> bool {
    database.engine() == Engine::Postgres
}

/// The files that this process keeps the database in.
pub fn files(database: &Database) -> Vec<std::path::PathBuf> {
    match database.engine() {
        Engine::Sqlite => vec![database.location().into()],
        Engine::Postgres => Vec::new(),
    }
}

/// Users with a time that SQLAlchemy can't read as it stands; the first `most` are named. PostgreSQL
/// holds only times.
pub async fn users_with_unreadable_times(database: &Database, most: usize) -> Result<RowsFound, DatabaseFailure> {
    let digits = |count: usize| "[0-9]".repeat(count);
    let form =
        format!("{}-{}-{} {}:{}:{}.{}", digits(4), digits(2), digits(2), digits(2), digits(2), digits(2), digits(6));
    // SQLite takes 31 February for 3 March: only a date that comes back as it went in is one.
    let bad = |column: &str| {
        format!(
            "({column} IS NOT NULL AND (typeof({column}) <> 'text' OR {column} NOT GLOB '{form}' \
             OR strftime('%Y-%m-%d %H:%M:%S', {column}, '+0 days') IS NOT substr({column}, 1, 19)))"
        )
    };
    sqlite_rows(database, &format!("{} OR {}", bad("member_since"), bad("last_seen")), most).await
}

/// Users with bytes in a column that says text; the first `most` are named. PostgreSQL holds only
/// text there.
pub async fn users_with_bytes_in_text(database: &Database, most: usize) -> Result<RowsFound, DatabaseFailure> {
    let columns = ["email", "username", "password_hash", "name", "location", "about_me", "avatar_hash"];
    let conditions: Vec<_> = columns.iter().map(|column| format!("typeof({column}) = 'blob'")).collect();
    sqlite_rows(database, &conditions.join(" OR "), most).await
}

async fn sqlite_rows(database: &Database, condition: &str, most: usize) -> Result<RowsFound, DatabaseFailure> {
    if database.engine() == Engine::Postgres {
        return Ok(RowsFound::default());
    }
    let count: i64 = one(database, &format!("SELECT count(*) FROM users WHERE {condition}")).await?.unwrap_or_default();
    let connection = database.reads();
    let sql = format!("SELECT id FROM users WHERE {condition} ORDER BY id LIMIT {most}");
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    let ids = rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect::<Result<_, DatabaseFailure>>()?;
    Ok(RowsFound { count: u64::try_from(count).unwrap_or_default(), ids })
}

async fn one<T: sea_orm::TryGetable>(database: &Database, sql: &str) -> Result<Option<T>, DatabaseFailure> {
    let connection = database.reads();
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
