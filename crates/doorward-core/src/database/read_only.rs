use std::{str::FromStr, time::Duration};

use sea_orm::{
    SqlxPostgresConnector, SqlxSqliteConnector,
    sqlx::{
        ConnectOptions,
        postgres::{PgConnectOptions, PgPoolOptions},
        sqlite::{SqliteConnectOptions, SqlitePoolOptions},
    },
};

use super::{Database, Engine, mysql};
use crate::Error;

/// Opens a database of another application so that the engine itself refuses every write. `wait` bounds
/// the connecting and each statement.
pub async fn connect_read_only(url: &str, wait: Duration) -> Result<Database, Error> {
    if mysql::is_mysql(url) {
        let (original, file, location) = mysql::copy(url, wait).await?;
        let copy = open_file(&format!("sqlite://{}", file.display()), wait).await?;
        return Ok(Database { location, original: Some(original.into()), ..copy });
    }
    if url.starts_with("sqlite:") {
        return open_file(url, wait).await;
    }
    if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return Err(Error::startup(
            "the database is named by no sqlite://, postgres:// or mysql:// URL",
            "name it as sqlite://app.db or postgres://user:password@host/name",
        ));
    }
    open_server(url, wait).await
}

async fn open_file(url: &str, wait: Duration) -> Result<Database, Error> {
    let options = SqliteConnectOptions::from_str(url).map_err(|error| unreadable(&error.to_string()))?;
    let options = options.read_only(true).create_if_missing(false).busy_timeout(wait).disable_statement_logging();
    let location = options.get_filename().display().to_string();
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(wait).connect_with(options).await;
    let pool = pool.map_err(|error| unreachable(&location, &error.to_string()))?;
    let connection = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
    Ok(Database::new(Engine::Sqlite, connection.clone(), connection, wait, location))
}

async fn open_server(url: &str, wait: Duration) -> Result<Database, Error> {
    let timeout = wait.as_millis().to_string();
    // What the driver says of a URL can hold parts of it, and so of the password.
    let options = PgConnectOptions::from_str(url).map_err(|_| unreadable("it is no URL of PostgreSQL"))?;
    let options = options
        .application_name("doorward")
        .options([("default_transaction_read_only", "on"), ("statement_timeout", timeout.as_str())])
        .disable_statement_logging();
    let location = format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or(""));
    let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(wait).connect_with(options).await;
    let pool = pool.map_err(|error| unreachable(&location, &error.to_string()))?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Database::new(Engine::Postgres, connection.clone(), connection, wait, location))
}

fn unreadable(why: &str) -> Error {
    Error::startup(
        format!("the database's URL can't be read: {why}"),
        "write it as sqlite://app.db or postgres://user@host/name",
    )
}

fn unreachable(location: &str, why: &str) -> Error {
    Error::startup(
        format!("the database at {location} can't be opened: {why}"),
        "check that it is there, and that this user may read it",
    )
}
