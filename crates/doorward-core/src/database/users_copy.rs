//! Rows of another application's users, copied into a SQLite file as they stand, so that they can be looked at as if they were
//! adopted and nothing is written where they are.

use std::path::Path;

use sea_orm::{
    ConnectionTrait, Statement,
    sqlx::{self, ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions},
};

use super::{Database, DatabaseFailure, Engine, LenientText, Table, quoted};

/// Rows that are copied at a time between engines.
const PAGE: usize = 500;

/// The Flask system's table without what would refuse a row: two that are the same shall both be seen.
const TABLE: &str = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(64), username VARCHAR(64), \
    password_hash VARCHAR(128), confirmed BOOLEAN, name VARCHAR(64), location VARCHAR(64), about_me TEXT, \
    member_since DATETIME, last_seen DATETIME, avatar_hash VARCHAR(32))";

/// Copies `columns`, pairs of a column of `users` and the one of `table` that is it, into a new file.
pub async fn copy_users(
    source: &Database,
    table: &Table,
    columns: &[(&str, &str)],
    target: &Path,
) -> Result<(), DatabaseFailure> {
    let options = SqliteConnectOptions::new().filename(target).create_if_missing(true).disable_statement_logging();
    let mut connection = options.connect().await?;
    sqlx::raw_sql(TABLE).execute(&mut connection).await?;
    match source.engine() {
        Engine::Sqlite => copy_as_stored(source, table, columns, &mut connection).await?,
        Engine::Postgres => copy_as_read(source, table, columns, &mut connection).await?,
    }
    Ok(connection.close().await?)
}

/// Within SQLite every cell keeps its kind, whatever its column says.
async fn copy_as_stored(
    source: &Database,
    table: &Table,
    columns: &[(&str, &str)],
    connection: &mut SqliteConnection,
) -> Result<(), DatabaseFailure> {
    let path = Path::new(source.location());
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let encoded: String = path.to_string_lossy().bytes().map(uri_byte).collect();
    let attach = sqlx::query("ATTACH ? AS source").bind(format!("file:{encoded}?mode=ro"));
    attach.execute(&mut *connection).await?;
    let ours: Vec<_> = columns.iter().map(|(ours, _)| quoted(ours)).collect();
    let theirs: Vec<_> = columns.iter().map(|(_, theirs)| quoted(theirs)).collect();
    let sql = format!(
        "INSERT INTO main.users ({}) SELECT {} FROM source.{}; DETACH source",
        ours.join(", "),
        theirs.join(", "),
        quoted(&table.name)
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await?;
    Ok(())
}

fn uri_byte(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

/// From PostgreSQL, times in the form in which SQLAlchemy would have written them.
async fn copy_as_read(
    source: &Database,
    table: &Table,
    columns: &[(&str, &str)],
    connection: &mut SqliteConnection,
) -> Result<(), DatabaseFailure> {
    let cell = |theirs: &str| {
        let kind = table.column(theirs).map_or("", |column| column.kind.as_str());
        let name = quoted(theirs);
        if kind.starts_with("timestamp with time zone") {
            format!("to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')")
        } else if kind.starts_with("timestamp") || kind == "date" {
            format!("to_char({name}, 'YYYY-MM-DD HH24:MI:SS.US')")
        } else if kind == "boolean" {
            format!("CASE WHEN {name} THEN '1' WHEN NOT {name} THEN '0' END")
        } else {
            format!("CAST({name} AS TEXT)")
        }
    };
    let cells: Vec<_> = columns.iter().map(|(_, theirs)| cell(theirs)).collect();
    let ours: Vec<_> = columns.iter().map(|(ours, _)| quoted(ours)).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT INTO users ({}) VALUES ({marks})", ours.join(", "));
    let id = columns.iter().find(|(ours, _)| *ours == "id").map_or_else(String::new, |(_, theirs)| quoted(theirs));
    let mut after = String::new();
    loop {
        let sql = format!(
            "SELECT {}, CAST({id} AS TEXT) FROM {} AS theirs {after} ORDER BY theirs.{id} LIMIT {PAGE}",
            cells.join(", "),
            quoted(&table.name)
        );
        let reads = source.reads();
        let rows = reads.query_all_raw(Statement::from_string(reads.get_database_backend(), sql)).await?;
        let mut transaction = connection.begin().await?;
        let mut last = None;
        for row in &rows {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(insert.as_str()));
            for index in 0..columns.len() {
                query = query.bind(row.try_get_by_index::<Option<LenientText>>(index)?.map(|text| text.0));
            }
            query.execute(&mut *transaction).await?;
            last = Some(row.try_get_by_index::<String>(columns.len())?);
        }
        transaction.commit().await?;
        let Some(last) = last.filter(|_| rows.len() == PAGE) else { return Ok(()) };
        after = format!("WHERE {id} > {last}");
    }
}
