//! Rows that point at users who are not there.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, QueryResult, Statement};

use super::{Database, DatabaseFailure, Engine, Table, quoted};

/// Values that are named of one column.
const MOST_LISTED: usize = 100;

/// A column that points at users, and what of it points at nobody.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Orphans {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// How many rows of it point at nobody.
    pub rows: u64,
    /// The ids that nobody has, the first hundred.
    pub ids: Vec<String>,
}

/// Looks at every column that a foreign key binds to `id` of `users`, and at every column that is named as if one did.
pub async fn orphans(
    database: &Database,
    tables: &[Table],
    users: &str,
    id: &str,
) -> Result<Vec<Orphans>, DatabaseFailure> {
    let mut pointing: BTreeSet<(String, String)> = bound(database, users).await?.into_iter().collect();
    let usual = ["user_id".to_owned(), format!("{}_id", users.trim_end_matches('s'))];
    let Some(id_column) = tables.iter().find(|table| table.name == users).and_then(|table| table.column(id)) else {
        return Ok(Vec::new());
    };
    for table in tables.iter().filter(|table| !table.view && table.name != users) {
        for column in table.columns.iter().filter(|column| usual.contains(&column.name)) {
            // Of other kinds they can't be compared, and so are no users'.
            if column.is_integer() == id_column.is_integer() {
                pointing.insert((table.name.clone(), column.name.clone()));
            }
        }
    }
    let mut found = Vec::new();
    for (table, column) in pointing {
        let nobody = format!(
            "FROM {0} t WHERE t.{1} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {2} u WHERE u.{3} = t.{1})",
            quoted(&table),
            quoted(&column),
            quoted(users),
            quoted(id)
        );
        let rows = query(database, format!("SELECT COUNT(*) {nobody}")).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        if count == 0 {
            continue;
        }
        let sql = format!(
            "SELECT CAST(t.{0} AS TEXT) FROM (SELECT DISTINCT t.{0} {nobody}) t ORDER BY t.{0} LIMIT {MOST_LISTED}",
            quoted(&column)
        );
        let ids = query(database, sql).await?.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        found.push(Orphans { table, column, rows: u64::try_from(count).unwrap_or_default(), ids });
    }
    Ok(found)
}

/// Tables and columns with a foreign key of a single column that names `users`.
async fn bound(database: &Database, users: &str) -> Result<Vec<(String, String)>, DatabaseFailure> {
    let name = users.replace('\'', "''");
    let sql = match database.engine() {
        Engine::Sqlite => format!(
            "SELECT m.name, k.\"from\" FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k \
             WHERE m.type = 'table' AND k.\"table\" = '{name}' COLLATE NOCASE"
        ),
        Engine::Postgres => format!(
            "SELECT t.relname::text, a.attname::text FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1] \
             JOIN pg_class u ON u.oid = k.confrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
             WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND u.relname = '{name}' \
             AND n.nspname = current_schema()"
        ),
    };
    let rows = query(database, sql).await?;
    let pairs = rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
    pairs.collect()
}

async fn query(database: &Database, sql: String) -> Result<Vec<QueryResult>, DatabaseFailure> {
    let connection = database.reads();
    Ok(connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?)
}
