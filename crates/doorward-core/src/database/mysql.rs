//! Tables of a MySQL or MariaDB, copied into a temporary SQLite file, where everything that reads another application's users can
//! read them. The copy has a few rows of each table, so that the users' can be told; of that, all are fetched then.

use std::{str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection, Row as _, SqliteConnection,
    mysql::MySqlConnectOptions, sqlite::SqliteConnectOptions,
};
use tempfile::TempDir;

use super::{Database, DatabaseFailure, quoted};
use crate::Error;

/// Rows of each table that tell what it holds.
const SAMPLED: usize = 200;
/// Rows that are fetched at a time.
const PAGE: usize = 1_000;
/// Columns that are read of one database.
const MOST_COLUMNS: usize = 50_000;

/// The database that a copy is of.
#[derive(Debug)]
pub(super) struct Original {
    options: MySqlConnectOptions,
    copy: TempDir,
    wait: Duration,
}

struct Table {
    name: String,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    kind: String,
    /// As SQLite is to know it: `varchar(64)`, `int`.
    declared: String,
    is_primary: bool,
}

pub(super) fn is_mysql(url: &str) -> bool {
    url.starts_with("mysql:") || url.starts_with("mariadb:")
}

/// Copies what is needed to find the users.
pub(super) async fn copy(url: &str, wait: Duration) -> Result<(Original, std::path::PathBuf, String), Error> {
    let url = url.replacen("mariadb:", "mysql:", 1);
    // What the driver says of a URL can hold parts of it, and so of the password.
    let options = MySqlConnectOptions::from_str(&url).map_err(|_| {
        Error::startup("the database's URL can't be read", "write it as mysql://user:password@host/name")
    })?;
    let options = options.charset("utf8mb4").timezone(Some("+00:00".to_owned())).disable_statement_logging();
    let location = format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or(""));
    let folder = tempfile::Builder::new().prefix("doorward-").tempdir().map_err(|error| {
        Error::startup(format!("no folder can be made for the copy: {error}"), "make room in the folder `TMPDIR`")
    })?;
    let file = folder.path().join("copy.db");
    let original = Original { options, copy: folder, wait };
    let mut theirs = original.connect().await.map_err(|error| {
        Error::startup(
            format!("the database at {location} can't be opened: {error}"),
            "check that it is there, and that this user may read it",
        )
    })?;
    let mut ours = original.open_copy().await?;
    for table in tables(&mut theirs).await? {
        let columns: Vec<_> =
            table.columns.iter().map(|column| format!("{} {}", quoted(&column.name), column.declared)).collect();
        let key: Vec<_> =
            table.columns.iter().filter(|column| column.is_primary).map(|column| quoted(&column.name)).collect();
        let key = if key.is_empty() { String::new() } else { format!(", PRIMARY KEY ({})", key.join(", ")) };
        let made = format!("CREATE TABLE {} ({}{key})", quoted(&table.name), columns.join(", "));
        sqlx::query(AssertSqlSafe(made)).execute(&mut ours).await.map_err(DatabaseFailure::from)?;
        // A table that this user may not read is no users' table of theirs.
        if let Ok(rows) = page(&mut theirs, &table, 0, SAMPLED).await {
            insert(&mut ours, &table, &rows).await?;
        }
    }
    ours.close().await.map_err(DatabaseFailure::from)?;
    theirs.close().await.map_err(DatabaseFailure::from)?;
    Ok((original, file, location))
}

impl Database {
    /// Fetches every row of a table, where what is open here is a copy that has only some. Nothing is to be done for a database
    /// that is read itself.
    pub async fn fetch_whole(&self, table: &str) -> Result<(), DatabaseFailure> {
        let Some(original) = &self.original else { return Ok(()) };
        let mut theirs = original.connect().await?;
        let mut ours = original.open_copy().await?;
        let found = tables(&mut theirs).await?.into_iter().find(|found| found.name == table);
        if let Some(table) = found {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {}", quoted(&table.name)))).execute(&mut ours).await?;
            // One reading of one moment: rows that come or go meanwhile move no page.
            sqlx::raw_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY").execute(&mut theirs).await?;
            let mut from = 0;
            loop {
                let rows = page(&mut theirs, &table, from, PAGE).await?;
                insert(&mut ours, &table, &rows).await?;
                from += rows.len();
                if rows.len() < PAGE {
                    break;
                }
            }
        }
        ours.close().await?;
        Ok(theirs.close().await?)
    }
}

impl Original {
    async fn connect(&self) -> Result<MySqlConnection, sqlx::Error> {
        let connecting = tokio::time::timeout(self.wait, self.options.connect());
        let mut connection = connecting.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
        sqlx::raw_sql("SET SESSION TRANSACTION READ ONLY").execute(&mut connection).await?;
        Ok(connection)
    }

    async fn open_copy(&self) -> Result<SqliteConnection, DatabaseFailure> {
        let file = self.copy.path().join("copy.db");
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).disable_statement_logging();
        Ok(options.connect().await?)
    }
}

/// The tables, views left out, with their columns.
async fn tables(connection: &mut MySqlConnection) -> Result<Vec<Table>, DatabaseFailure> {
    let sql = format!(
        "SELECT CAST(c.table_name AS CHAR), CAST(c.column_name AS CHAR), CAST(c.data_type AS CHAR), \
         CAST(COALESCE(c.character_maximum_length, 0) AS SIGNED), CAST(c.column_key = 'PRI' AS SIGNED) \
         FROM information_schema.columns c JOIN information_schema.tables t \
         ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE' \
         WHERE c.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position LIMIT {MOST_COLUMNS}"
    );
    let mut tables: Vec<Table> = Vec::new();
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await? {
        let (name, kind): (String, String) = (row.try_get(0)?, row.try_get::<String, _>(2)?.to_lowercase());
        let width: i64 = row.try_get(3)?;
        let declared = match kind.as_str() {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => kind.clone(),
            "bit" => "int".to_owned(),
            "char" | "varchar" => format!("varchar({width})"),
            "datetime" | "timestamp" | "date" => "datetime".to_owned(),
            "decimal" | "float" | "double" => "real".to_owned(),
            _ => "text".to_owned(),
        };
        let column = Column { name: row.try_get(1)?, kind, declared, is_primary: row.try_get::<i64, _>(4)? == 1 };
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => table.columns.push(column),
            None => tables.push(Table { name, columns: vec![column] }),
        }
    }
    Ok(tables)
}

fn backquoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Rows as text, in the order of the primary key.
async fn page(
    connection: &mut MySqlConnection,
    table: &Table,
    from: usize,
    limit: usize,
) -> Result<Vec<Vec<Option<String>>>, DatabaseFailure> {
    let cell = |column: &Column| {
        let name = backquoted(&column.name);
        match column.kind.as_str() {
            "bit" => format!("CAST({name} + 0 AS CHAR)"),
            _ => format!("CONVERT({name} USING utf8mb4)"),
        }
    };
    let cells: Vec<_> = table.columns.iter().map(cell).collect();
    let key: Vec<_> =
        table.columns.iter().filter(|column| column.is_primary).map(|column| backquoted(&column.name)).collect();
    let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) };
    let sql =
        format!("SELECT {} FROM {}{order} LIMIT {limit} OFFSET {from}", cells.join(", "), backquoted(&table.name));
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    let row = |row: &sqlx::mysql::MySqlRow| (0..table.columns.len()).map(|index| row.try_get(index)).collect();
    Ok(rows.iter().map(row).collect::<Result<_, sqlx::Error>>()?)
}

async fn insert(
    connection: &mut SqliteConnection,
    table: &Table,
    rows: &[Vec<Option<String>>],
) -> Result<(), DatabaseFailure> {
    let marks = vec!["?"; table.columns.len()].join(", ");
    let sql = format!("INSERT INTO {} VALUES ({marks})", quoted(&table.name));
    let mut transaction = connection.begin().await?;
    for row in rows {
        let mut query = sqlx::query(AssertSqlSafe(sql.as_str()));
        for cell in row {
            query = query.bind(cell);
        }
        query.execute(&mut *transaction).await?;
    }
    Ok(transaction.commit().await?)
}
