use std::collections::VecDeque;

use sea_orm::{ConnectionTrait, QueryResult, Statement, TryGetable};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::{Raw, Record, Records, SourceFault, csv};
use crate::{
    Error,
    adopt::Mapping,
    database::{self, Database, DatabaseFailure, LenientText, Table, quoted},
    hexadecimal::to_hexadecimal,
    role,
};

/// Rows read at a time.
const PAGE: usize = 500;
/// The most of a cell that is read, in characters: more is too long for any field.
const CELL: u32 = 70_000;

/// A table of users in another application's database, which is only read.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The database, opened by [`connect_read_only`](crate::database::connect_read_only).
    pub database: Database,
    /// Which table, and what its columns mean.
    pub mapping: Mapping,
    /// Whether its administrators are administrators here.
    pub administrators: bool,
}

impl Rows {
    /// How many rows there are, and what this source is known by again: where it is and what is read of it, not what it
    /// holds, which goes on changing.
    pub(in crate::import) async fn fingerprint(&self) -> Result<(u64, String), SourceFault> {
        let tables = database::tables(&self.database).await.map_err(Error::from)?;
        let table = tables.iter().find(|table| table.name == self.mapping.table);
        let table = table.ok_or_else(|| SourceFault::NoTable(self.mapping.table.clone()))?;
        self.mapping.check(table)?;
        if !self.has_whole_ids(table) {
            return Err(SourceFault::NoWholeIds(self.mapping.id.clone()));
        }
        let sql = format!("SELECT COUNT(*) FROM {}", quoted(&self.mapping.table));
        let rows = self.query(sql).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| Self::value(row, 0))?;
        let mut hash = Sha256::new();
        for part in ["database", self.database.location(), &self.mapping.to_toml()?] {
            hash.update(part);
            hash.update([0]);
        }
        Ok((u64::try_from(count).unwrap_or_default(), to_hexadecimal(&hash.finalize())))
    }

    fn has_whole_ids(&self, table: &Table) -> bool {
        table.column(&self.mapping.id).is_some_and(database::TableColumn::is_integer)
    }

    /// Reads a value by its place.
    fn value<T: TryGetable>(row: &QueryResult, index: usize) -> Result<T, Error> {
        Ok(row.try_get_by_index(index).map_err(DatabaseFailure::from)?)
    }

    async fn query(&self, sql: String) -> Result<Vec<QueryResult>, Error> {
        let connection = self.database.reads();
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        Ok(connection.query_all_raw(statement).await.map_err(DatabaseFailure::from)?)
    }

    async fn page(&self, after: Option<i64>) -> Result<Vec<QueryResult>, Error> {
        let id = quoted(&self.mapping.id);
        let mut cells = vec![format!("CAST({id} AS BIGINT)")];
        let columns = self.mapping.columns().skip(1);
        cells.extend(columns.map(|(_, column)| format!("substr(CAST({} AS TEXT), 1, {CELL})", quoted(column))));
        let (cells, table) = (cells.join(", "), quoted(&self.mapping.table));
        let after = after.map_or_else(String::new, |last| format!("WHERE {id} > {last}"));
        self.query(format!("SELECT {cells} FROM {table} {after} ORDER BY {id} LIMIT {PAGE}")).await
    }
}

/// Reads the rows by their ids, a page at a time: rows that come or go meanwhile disturb no others.
pub(in crate::import) struct Reading {
    source: Rows,
    runtime: Handle,
    page: VecDeque<QueryResult>,
    is_last_page: bool,
    last_id: Option<i64>,
    read: u64,
    known_by: String,
}

impl Reading {
    /// Must be used where it may block.
    pub(in crate::import) fn new(source: Rows, after: Option<i64>, known_by: String) -> Self {
        let runtime = Handle::current();
        Self { source, runtime, page: VecDeque::new(), is_last_page: false, last_id: after, read: 0, known_by }
    }

    fn record(&mut self, row: &QueryResult) -> Result<Record, SourceFault> {
        let id: i64 = Rows::value(row, 0)?;
        self.last_id = Some(id);
        let mut cells = vec![("id".to_owned(), id.to_string())];
        let mut names = [None, None];
        for (index, (meaning, _)) in self.source.mapping.columns().enumerate().skip(1) {
            let cell: Option<LenientText> = Rows::value(row, index)?;
            let cell = cell.map(|text| text.0);
            let says_so = cell.as_deref().is_some_and(is_affirmative);
            match meaning {
                "confirmed" => cells.push(("confirmed".to_owned(), says_so.to_string())),
                "active" => cells.push(("disabled".to_owned(), (!says_so).to_string())),
                "administrator" if says_so && self.source.administrators => {
                    cells.push(("roles".to_owned(), role::ADMIN.to_owned()));
                }
                "first_name" => names[0] = cell,
                "last_name" => names[1] = cell,
                // Computed anew, and not asked for.
                "avatar_hash" | "administrator" => {}
                _ => cells.extend(cell.map(|cell| (meaning.to_owned(), cell))),
            }
        }
        let name = names.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(" ");
        if !name.is_empty() && self.source.mapping.name.is_none() {
            cells.push(("name".to_owned(), name));
        }
        let user = csv::parse(&cells);
        Ok(Record { line: u64::try_from(id).unwrap_or_default(), user, raw: Raw::Cells(cells) })
    }
}

/// Whether a cell says yes: a truth value as engines write it, or, where something is noted, a time.
fn is_affirmative(cell: &str) -> bool {
    !matches!(cell.trim().to_ascii_lowercase().as_str(), "" | "0" | "f" | "false" | "n" | "no")
}

impl Records for Reading {
    fn next(&mut self) -> Result<Option<Record>, SourceFault> {
        if self.page.is_empty() && !self.is_last_page {
            let rows = self.runtime.block_on(self.source.page(self.last_id))?;
            self.is_last_page = rows.len() < PAGE;
            self.page = rows.into();
        }
        let Some(row) = self.page.pop_front() else { return Ok(None) };
        self.read += 1;
        self.record(&row).map(Some)
    }

    fn finish(self: Box<Self>) -> Result<String, SourceFault> {
        Ok(self.known_by)
    }

    fn position(&self) -> u64 {
        self.read
    }
}
