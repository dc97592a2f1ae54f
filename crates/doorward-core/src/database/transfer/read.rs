use chrono::NaiveDateTime;
use sea_orm::sqlx::{
    self, AssertSqlSafe, Row as _, TypeInfo as _, ValueRef as _,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{Cell, Kind, Link, Odd, Row, TransferColumn, TransferTable};
use crate::database::{DatabaseFailure, Engine, mark, quoted, stored_time::sqlite_text};

/// Rows that are read at a time.
pub const PAGE: usize = 1_000;

/// The rows of a table in the order of their keys, a page at a time. Within [`Link::begin_reading`] they are of one moment.
#[derive(Debug)]
pub struct Pages<'a> {
    link: &'a mut Link,
    table: &'a TransferTable,
    after: Option<Row>,
    begun: bool,
    ended: bool,
}

impl<'a> Pages<'a> {
    /// The rows of `table` behind the one with the key `after`.
    pub fn new(link: &'a mut Link, table: &'a TransferTable, after: Option<Row>) -> Self {
        Self { link, table, after, begun: false, ended: false }
    }

    /// The next rows; none at the end.
    pub async fn next(&mut self) -> Result<Vec<Row>, DatabaseFailure> {
        if self.ended {
            return Ok(Vec::new());
        }
        let rows = match self.link.engine() {
            Engine::Sqlite => self.by_key().await?,
            Engine::Postgres => self.by_cursor().await?,
        };
        if rows.len() < PAGE {
            self.ended = true;
            if self.begun {
                self.link.run("CLOSE doorward_pages").await?;
            }
        }
        Ok(rows)
    }

    async fn by_key(&mut self) -> Result<Vec<Row>, DatabaseFailure> {
        let sql = format!(
            "{} LIMIT {PAGE}",
            select(self.table, self.link.engine(), &behind(self.table, self.after.is_some(), Engine::Sqlite))
        );
        let rows = fetch(self.link, &sql, self.table, self.after.iter().flatten()).await?;
        self.after = rows.last().map(|row| self.table.key_of(row)).or(self.after.take());
        Ok(rows)
    }

    /// PostgreSQL sorts text by the rules of a language, and an index with it: a table is sorted once, by bytes.
    async fn by_cursor(&mut self) -> Result<Vec<Row>, DatabaseFailure> {
        if !self.begun {
            let query =
                select(self.table, Engine::Postgres, &behind(self.table, self.after.is_some(), Engine::Postgres));
            let declare = format!("DECLARE doorward_pages NO SCROLL CURSOR FOR {query}");
            execute(self.link, &declare, self.after.iter().flatten()).await?;
            self.begun = true;
        }
        fetch(self.link, &format!("FETCH {PAGE} FROM doorward_pages"), self.table, std::iter::empty()).await
    }
}

/// The rows with these keys, in no order.
pub async fn rows_of(link: &mut Link, table: &TransferTable, keys: &[Row]) -> Result<Vec<Row>, DatabaseFailure> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = select(table, link.engine(), &among(table, keys, link.engine()));
    fetch(link, &sql, table, keys.iter().flatten()).await
}

/// How many rows there are.
pub async fn count(link: &mut Link, table: &TransferTable) -> Result<i64, DatabaseFailure> {
    link.number(&format!("SELECT count(*) FROM {} WHERE {}", quoted(&table.name), table.only())).await
}

/// The key of the last row by the order of [`Pages`].
pub async fn greatest_key(link: &mut Link, table: &TransferTable) -> Result<Option<Row>, DatabaseFailure> {
    let order: Vec<_> = order(table, link.engine()).into_iter().map(|key| format!("{key} DESC")).collect();
    let sql = format!(
        "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1",
        cells(table, link.engine()),
        quoted(&table.name),
        table.only(),
        order.join(", ")
    );
    let rows = fetch(link, &sql, table, std::iter::empty()).await?;
    Ok(rows.first().map(|row| table.key_of(row)))
}

fn select(table: &TransferTable, engine: Engine, condition: &str) -> String {
    format!(
        "SELECT {} FROM {} WHERE {} AND {condition} ORDER BY {}",
        cells(table, engine),
        quoted(&table.name),
        table.only(),
        order(table, engine).join(", ")
    )
}

/// Every column as its kind, whatever type it has.
fn cells(table: &TransferTable, engine: Engine) -> String {
    let cells: Vec<_> = table.columns.iter().map(|column| cell(column, engine)).collect();
    cells.join(", ")
}

fn cell(column: &TransferColumn, engine: Engine) -> String {
    let name = quoted(&column.name);
    if column.declared.is_empty() {
        return match engine {
            Engine::Sqlite => "NULL".into(),
            Engine::Postgres => format!("NULL::{}", cast(column.kind)),
        };
    }
    match (engine, column.kind) {
        (Engine::Sqlite, _) => name,
        (Engine::Postgres, Kind::Time) if column.declared.contains("with time zone") => {
            format!("({name} AT TIME ZONE 'UTC')")
        }
        (Engine::Postgres, kind) => format!("{name}::{}", cast(kind)),
    }
}

pub(super) fn cast(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "bigint",
        Kind::Boolean => "boolean",
        Kind::Text => "text",
        Kind::Time => "timestamp",
        Kind::Bytes => "bytea",
    }
}

fn order(table: &TransferTable, engine: Engine) -> Vec<String> {
    let by_bytes = |index: &usize| {
        let column = &table.columns[*index];
        let collation = if engine == Engine::Postgres && column.kind == Kind::Text { " COLLATE \"C\"" } else { "" };
        format!("{}{collation}", quoted(&column.name))
    };
    table.key.iter().map(by_bytes).collect()
}

/// The condition that a row comes after the one whose key is bound, where there is one.
fn behind(table: &TransferTable, is_bound: bool, engine: Engine) -> String {
    if !is_bound {
        return "1 = 1".into();
    }
    let marks: Vec<_> = (1..=table.key.len()).map(|number| mark(engine, number)).collect();
    format!("({}) > ({})", order(table, engine).join(", "), marks.join(", "))
}

/// The condition that a row has one of these keys.
pub(super) fn among(table: &TransferTable, keys: &[Row], engine: Engine) -> String {
    let width = table.key.len();
    let mark = |row: usize, index: usize| {
        let number = row * width + index + 1;
        let mark = mark(engine, number);
        match engine {
            Engine::Sqlite => mark,
            Engine::Postgres => format!("{mark}::{}", cast(table.columns[table.key[index]].kind)),
        }
    };
    let rows: Vec<_> = (0..keys.len())
        .map(|row| {
            let marks: Vec<_> = (0..width).map(|index| mark(row, index)).collect();
            format!("({})", marks.join(", "))
        })
        .collect();
    format!("({}) IN (VALUES {})", table.key_names().join(", "), rows.join(", "))
}

pub(super) async fn execute(
    link: &mut Link,
    sql: &str,
    cells: impl Iterator<Item = &Cell>,
) -> Result<u64, DatabaseFailure> {
    Ok(match link {
        Link::Sqlite(connection) => {
            let query = cells.fold(sqlx::query(AssertSqlSafe(sql)), bind_sqlite);
            query.execute(connection).await?.rows_affected()
        }
        Link::Postgres(connection) => {
            let query = cells.fold(sqlx::query(AssertSqlSafe(sql)), bind_postgres);
            query.execute(connection).await?.rows_affected()
        }
    })
}

async fn fetch(
    link: &mut Link,
    sql: &str,
    table: &TransferTable,
    cells: impl Iterator<Item = &Cell>,
) -> Result<Vec<Row>, DatabaseFailure> {
    match link {
        Link::Sqlite(connection) => {
            let query = cells.fold(sqlx::query(AssertSqlSafe(sql)), bind_sqlite);
            let rows = query.fetch_all(connection).await?;
            rows.iter().map(|row| Ok(of_sqlite(row, table)?)).collect()
        }
        Link::Postgres(connection) => {
            let query = cells.fold(sqlx::query(AssertSqlSafe(sql)), bind_postgres);
            // Not kept under its text: a cursor of the same name is over another table the next time.
            let rows = query.persistent(false).fetch_all(connection).await?;
            rows.iter().map(|row| Ok(of_postgres(row, table)?)).collect()
        }
    }
}

pub(super) fn bind_sqlite<'q>(
    query: Query<'q, sqlx::Sqlite, SqliteArguments>,
    cell: &Cell,
) -> Query<'q, sqlx::Sqlite, SqliteArguments> {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Integer(number) | Cell::Odd(Odd::Integer(number)) => query.bind(*number),
        Cell::Boolean(truth) => query.bind(*truth),
        Cell::Text(text) | Cell::Odd(Odd::Text(text)) => query.bind(text.clone()),
        Cell::Time(time) => query.bind(sqlite_text(*time)),
        Cell::Bytes(bytes) | Cell::Odd(Odd::Bytes(bytes)) => query.bind(bytes.clone()),
        Cell::Odd(Odd::Real(number)) => query.bind(*number),
        // It is refused before.
        Cell::Odd(Odd::Unreadable) => query.bind(None::<i64>),
    }
}

/// Cells of keys, which hold something and are no times.
fn bind_postgres<'q>(
    query: Query<'q, sqlx::Postgres, PgArguments>,
    cell: &Cell,
) -> Query<'q, sqlx::Postgres, PgArguments> {
    match cell {
        Cell::Integer(number) => query.bind(*number),
        Cell::Boolean(truth) => query.bind(*truth),
        Cell::Text(text) => query.bind(text.clone()),
        Cell::Time(time) => query.bind(*time),
        Cell::Bytes(bytes) => query.bind(bytes.clone()),
        Cell::Null | Cell::Odd(_) => query.bind(None::<String>),
    }
}

fn of_postgres(row: &PgRow, table: &TransferTable) -> Result<Row, sqlx::Error> {
    let cell = |(index, column): (usize, &TransferColumn)| {
        let cell = match column.kind {
            Kind::Integer => row.try_get::<Option<i64>, _>(index)?.map(Cell::Integer),
            Kind::Boolean => row.try_get::<Option<bool>, _>(index)?.map(Cell::Boolean),
            Kind::Text => row.try_get::<Option<String>, _>(index)?.map(Cell::Text),
            Kind::Time => row.try_get::<Option<NaiveDateTime>, _>(index)?.map(Cell::Time),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index)?.map(Cell::Bytes),
        };
        Ok(cell.unwrap_or(Cell::Null))
    };
    table.columns.iter().enumerate().map(cell).collect()
}

fn of_sqlite(row: &SqliteRow, table: &TransferTable) -> Result<Row, sqlx::Error> {
    let cell = |(index, column): (usize, &TransferColumn)| {
        let value = row.try_get_raw(index)?;
        if value.is_null() {
            return Ok(Cell::Null);
        }
        let stored = value.type_info().name().to_owned();
        Ok(match stored.as_str() {
            "TEXT" => match row.try_get_unchecked::<String, _>(index) {
                Ok(text) => of_text(text, column.kind),
                Err(_) => Cell::Odd(Odd::Unreadable),
            },
            "BLOB" => {
                let bytes: Vec<u8> = row.try_get_unchecked(index)?;
                if column.kind == Kind::Bytes { Cell::Bytes(bytes) } else { Cell::Odd(Odd::Bytes(bytes)) }
            }
            "REAL" => Cell::Odd(Odd::Real(row.try_get_unchecked(index)?)),
            _ => match (row.try_get_unchecked::<i64, _>(index)?, column.kind) {
                (number, Kind::Integer) => Cell::Integer(number),
                (number @ (0 | 1), Kind::Boolean) => Cell::Boolean(number == 1),
                (number, _) => Cell::Odd(Odd::Integer(number)),
            },
        })
    };
    table.columns.iter().enumerate().map(cell).collect()
}

/// A time is one in just the form in which it would be written again.
pub(super) fn of_text(text: String, kind: Kind) -> Cell {
    match kind {
        Kind::Text => Cell::Text(text),
        Kind::Time => match NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.6f") {
            Ok(time) if sqlite_text(time) == text => Cell::Time(time),
            _ => Cell::Odd(Odd::Text(text)),
        },
        Kind::Integer | Kind::Boolean | Kind::Bytes => Cell::Odd(Odd::Text(text)),
    }
}
