use std::fmt::Write as _;

use sea_orm::sqlx::{self, AssertSqlSafe, PgConnection};
use serde_json::Value;

use super::{Cell, Link, NewRows, Row, TransferTable, read::bind_sqlite};
use crate::{
    database::{DatabaseFailure, Engine, mark, quoted, stored_time::sqlite_text},
    hexadecimal::to_hexadecimal,
};

/// What one statement of SQLite binds at the most: it takes 32,766.
const MOST_BOUND: usize = 30_000;

/// From so many rows on PostgreSQL takes them by COPY, which is quicker and five exchanges in place of one.
const MANY: usize = 250;

/// How many of the rows were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All.
    All,
    /// Not those whose name another row has for now.
    Some,
}

/// Inserts rows; one that collides with a row that is there is passed over. Within [`Link::begin_writing`].
pub async fn insert(link: &mut Link, table: &TransferTable, rows: &[Row]) -> Result<Written, DatabaseFailure> {
    let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let lines = lines_of_many(rows, link.engine());
    insert_cells(link, &table.name, &columns, rows, lines.as_deref()).await
}

/// The same with rows of an entity.
pub(crate) async fn insert_new(link: &mut Link, new: &NewRows) -> Result<Written, DatabaseFailure> {
    insert_cells(link, new.table, &new.columns, &new.rows, new.lines.as_deref()).await
}

async fn insert_cells(
    link: &mut Link,
    table: &str,
    columns: &[&str],
    rows: &[Row],
    lines: Option<&str>,
) -> Result<Written, DatabaseFailure> {
    let mut written = 0;
    match link {
        Link::Sqlite(connection) => {
            for rows in rows.chunks((MOST_BOUND / columns.len().max(1)).clamp(1, 500)) {
                let sql = insertion(table, columns, rows.len());
                let query = rows.iter().flatten().fold(sqlx::query(AssertSqlSafe(sql)), bind_sqlite);
                written += query.execute(&mut *connection).await?.rows_affected();
            }
        }
        Link::Postgres(_) if rows.is_empty() => {}
        Link::Postgres(connection) => {
            let copied = match lines {
                Some(lines) => copy_unless_met(connection, table, columns, lines).await?,
                None => None,
            };
            written = if let Some(copied) = copied {
                copied
            } else {
                let sql = insertion_of_document(table, columns) + " ON CONFLICT DO NOTHING";
                let query = sqlx::query(AssertSqlSafe(sql)).bind(document(columns, rows).to_string());
                query.execute(connection).await?.rows_affected()
            };
        }
    }
    Ok(if written == rows.len() as u64 { Written::All } else { Written::Some })
}

/// SQLite's statement, with a place for each cell.
fn insertion(table: &str, columns: &[&str], rows: usize) -> String {
    let row = format!("({})", vec![mark(Engine::Sqlite, 0); columns.len()].join(", "));
    let values = vec![row; rows].join(", ");
    format!("INSERT INTO {} ({}) VALUES {values} ON CONFLICT DO NOTHING", quoted(table), names(columns))
}

fn names(columns: &[&str]) -> String {
    let names: Vec<_> = columns.iter().map(|name| quoted(name)).collect();
    names.join(", ")
}

/// All of the rows; none where one collides: COPY has no way to pass a row over.
async fn copy_unless_met(
    connection: &mut PgConnection,
    table: &str,
    columns: &[&str],
    lines: &str,
) -> Result<Option<u64>, sqlx::Error> {
    sqlx::raw_sql("SAVEPOINT doorward_rows").execute(&mut *connection).await?;
    match copy(connection, table, columns, lines).await {
        Ok(copied) => {
            sqlx::raw_sql("RELEASE SAVEPOINT doorward_rows").execute(connection).await?;
            Ok(Some(copied))
        }
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            sqlx::raw_sql("ROLLBACK TO SAVEPOINT doorward_rows").execute(connection).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn copy(connection: &mut PgConnection, table: &str, columns: &[&str], lines: &str) -> Result<u64, sqlx::Error> {
    let sql = format!("COPY {} ({}) FROM STDIN", quoted(table), names(columns));
    let mut copy = connection.copy_in_raw(&sql).await?;
    copy.send(lines.as_bytes()).await?;
    copy.finish().await
}

/// The rows as PostgreSQL copies them, where they are enough for that.
pub(super) fn lines_of_many(rows: &[Row], engine: Engine) -> Option<String> {
    (engine == Engine::Postgres && rows.len() >= MANY).then(|| lines(rows))
}

/// The rows in the text format of PostgreSQL's COPY (<https://www.postgresql.org/docs/current/sql-copy.html>).
fn lines(rows: &[Row]) -> String {
    let mut lines = String::with_capacity(rows.len() * 256);
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                lines.push('\t');
            }
            let _ = match cell {
                Cell::Integer(number) => write!(lines, "{number}"),
                Cell::Boolean(truth) => write!(lines, "{truth}"),
                Cell::Time(time) => write!(lines, "{}", with_zone(*time)),
                Cell::Bytes(bytes) => write!(lines, "\\\\x{}", to_hexadecimal(bytes)),
                Cell::Text(text) => {
                    push_escaped(&mut lines, text);
                    Ok(())
                }
                // What is odd is refused before.
                Cell::Null | Cell::Odd(_) => write!(lines, "\\N"),
            };
        }
        lines.push('\n');
    }
    lines
}

fn push_escaped(line: &mut String, text: &str) {
    let mut rest = text;
    while let Some(place) = rest.find(['\\', '\t', '\n', '\r']) {
        line.push_str(&rest[..place]);
        line.push_str(match rest.as_bytes()[place] {
            b'\t' => "\\t",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => "\\\\",
        });
        rest = &rest[place + 1..];
    }
    line.push_str(rest);
}

/// A column of another application may be one of times with a zone; the others pass it over.
fn with_zone(time: chrono::NaiveDateTime) -> String {
    sqlite_text(time) + "+00"
}

/// The statement by which PostgreSQL inserts the rows of a [`document`]; each member becomes what its column is.
pub(in crate::database) fn insertion_of_document(table: &str, columns: &[&str]) -> String {
    let (table, names) = (quoted(table), names(columns));
    format!(
        "INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, CAST($1 AS JSON))"
    )
}

/// The rows as PostgreSQL reads them: bytes and times in its own form of text.
pub(in crate::database) fn document(columns: &[&str], rows: &[Row]) -> Value {
    let cell = |cell: &Cell| match cell {
        Cell::Integer(number) => Value::from(*number),
        Cell::Boolean(truth) => Value::from(*truth),
        Cell::Text(text) => Value::from(text.as_str()),
        Cell::Time(time) => Value::from(with_zone(*time)),
        Cell::Bytes(bytes) => Value::from(format!("\\x{}", to_hexadecimal(bytes))),
        // What is odd is refused before.
        Cell::Null | Cell::Odd(_) => Value::Null,
    };
    let object = |row: &Row| -> Value {
        let members = columns.iter().zip(row).map(|(column, of)| ((*column).to_owned(), cell(of)));
        Value::Object(members.collect())
    };
    rows.iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_cell_or_a_line_is_escaped() {
        let time = chrono::DateTime::from_timestamp(0, 0).unwrap().naive_utc();
        let text = |text: &str| Cell::Text(text.into());
        let rows = [
            vec![Cell::Integer(-1), Cell::Boolean(true), Cell::Null, Cell::Time(time), Cell::Bytes(vec![0, 255])],
            vec![text(""), text("\\N"), text("a\tb\r\nc\\."), text("王"), text("\\")],
        ];
        let expected =
            ["-1\ttrue\t\\N\t1970-01-01 00:00:00.000000+00\t\\\\x00ff\n", "\t\\\\N\ta\\tb\\r\\nc\\\\.\t王\t\\\\\n"];
        assert_eq!(lines(&rows), expected.concat());
    }
}
