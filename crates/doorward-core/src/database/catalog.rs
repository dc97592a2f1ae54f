//! What an engine says of the tables in a database.

use sea_orm::{ConnectionTrait, Statement};

use super::{Database, DatabaseFailure, Engine};

/// Columns that are read of one database.
const MOST_COLUMNS: usize = 50_000;

/// A table or view of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name as it stands in the catalog.
    pub name: String,
    /// Whether it is a view: nothing can be added to it.
    pub view: bool,
    /// Its columns in their order.
    pub columns: Vec<TableColumn>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type as the engine shows it, in small letters: `character varying(64)`, `varchar(64)`.
    pub kind: String,
    /// Whether it belongs to the primary key.
    pub primary: bool,
}

impl TableColumn {
    /// Whether the type is of whole numbers.
    pub fn is_integer(&self) -> bool {
        self.kind.contains("int") || self.kind.contains("serial")
    }
}

impl Table {
    /// The column of this very name.
    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// The name as an identifier in SQL, whatever stands in it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The tables and views where unqualified names are looked for first, by name.
pub async fn tables(database: &Database) -> Result<Vec<Table>, DatabaseFailure> {
    let sql = match database.engine() {
        Engine::Sqlite => {
            "SELECT m.name, CAST(m.type = 'view' AS INTEGER), p.name, lower(p.type), CAST(p.pk > 0 AS INTEGER) \
             FROM sqlite_master m JOIN pragma_table_info(m.name) p \
             WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, p.cid"
        }
        Engine::Postgres => {
            "SELECT c.relname::text, (c.relkind IN ('v', 'm'))::int::bigint, a.attname::text, \
             format_type(a.atttypid, a.atttypmod)::text, (i.indrelid IS NOT NULL)::int::bigint \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema() \
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey) \
             WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') ORDER BY 1, a.attnum"
        }
    };
    let connection = database.reads();
    let sql = format!("{sql} LIMIT {MOST_COLUMNS}");
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let name: String = row.try_get_by_index(0)?;
        let column = TableColumn {
            name: row.try_get_by_index(2)?,
            kind: row.try_get_by_index(3)?,
            primary: row.try_get_by_index::<i64>(4)? == 1,
        };
        if let Some(table) = tables.last_mut().filter(|last| last.name == name) {
            table.columns.push(column);
        } else {
            let view = row.try_get_by_index::<i64>(1)? == 1;
            tables.push(Table { name, view, columns: vec![column] });
        }
    }
    Ok(tables)
}
