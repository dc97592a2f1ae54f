use sea_orm::{ConnectionTrait, Statement};

use super::{Database, DatabaseFailure, Engine};

/// Asks the engine whether its file is whole; answers what it complains of. PostgreSQL has no such
/// question short of reading every table, so there only the connection is tried.
pub async fn check_integrity(database: &Database) -> Result<Vec<String>, DatabaseFailure> {
    let connection = database.reads();
    let sql = match database.engine() {
        Engine::Sqlite => "PRAGMA quick_check(20)",
        Engine::Postgres => "SELECT 'ok'",
    };
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    let mut complaints = Vec::new();
    for row in rows {
        let line: String = row.try_get_by_index(0)?;
        if line != "ok" {
            complaints.push(line);
        }
    }
    Ok(complaints)
}

/// Asks the database for nothing, to see that it answers.
pub async fn ping(database: &Database) -> Result<(), DatabaseFailure> {
    let connection = database.reads();
    let statement = Statement::from_string(connection.get_database_backend(), "SELECT 1");
    connection.query_one_raw(statement).await?;
    Ok(())
}
