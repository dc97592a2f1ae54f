//! What an operator wants to know of the database itself; read in each engine's own way.

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, DatabaseFailure, Engine, StoredTime, UserId};

/// The most rows that are named.
const MOST_NAMED: u32 = 10_000;

/// Engine and version, as in `SQLite 3.50.2`.
pub async fn engine_version(database: &Database) -> Result<String, DatabaseFailure> {
    let (name, sql) = match database.engine() {
        Engine::Sqlite => ("SQLite", "SELECT sqlite_version()"),
        Engine::Postgres => ("PostgreSQL", "SELECT current_setting('server_version')"),
    };
    let version: String = one(database, sql).await?.unwrap_or_default();
    Ok(format!("{name} {version}"))
}

/// Whether the trigger stands that takes along what belongs to a deleted user.
pub async fn has_triggers(database: &Database) -> Result<bool, DatabaseFailure> {
    let sql = match database.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name = 'doorward_user_deleted'",
        Engine::Postgres => {
            "SELECT tgname::text FROM pg_trigger WHERE tgname = 'doorward_user_deleted' AND tgrelid = 'users'::regclass"
        }
    };
    Ok(one::<String>(database, sql).await?.is_some())
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

/// Users with a time that SQLAlchemy can't read as it stands. PostgreSQL holds only times.
pub async fn users_with_unreadable_times(database: &Database) -> Result<Vec<UserId>, DatabaseFailure> {
    let form = "____-__-__ __:__:__.______";
    let bad = |column: &str| {
        format!(
            "({column} IS NOT NULL AND (typeof({column}) <> 'text' OR {column} NOT LIKE '{form}' \
             OR strftime('%s', {column}) IS NULL))"
        )
    };
    sqlite_ids(database, &format!("{} OR {}", bad("member_since"), bad("last_seen"))).await
}

/// Users with bytes in a column that says text. PostgreSQL holds only text there.
pub async fn users_with_bytes_in_text(database: &Database) -> Result<Vec<UserId>, DatabaseFailure> {
    let columns = ["email", "username", "password_hash", "name", "location", "about_me", "avatar_hash"];
    let conditions: Vec<_> = columns.iter().map(|column| format!("typeof({column}) = 'blob'")).collect();
    sqlite_ids(database, &conditions.join(" OR ")).await
}

async fn sqlite_ids(database: &Database, condition: &str) -> Result<Vec<UserId>, DatabaseFailure> {
    if database.engine() == Engine::Postgres {
        return Ok(Vec::new());
    }
    let connection = database.reads();
    let sql = format!("SELECT id FROM users WHERE {condition} ORDER BY id LIMIT {MOST_NAMED}");
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

async fn one<T: sea_orm::TryGetable>(database: &Database, sql: &str) -> Result<Option<T>, DatabaseFailure> {
    let connection = database.reads();
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}
