use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Statement};

use super::Discovered;
use crate::{
    Error,
    database::{Database, DatabaseFailure, LenientText, quoted},
    password::hash::Family,
};

/// Rows read at a time.
const BATCH: usize = 1_000;

/// How many users have a password's hash of which scheme. Reads the whole table, a part at a time.
pub async fn count_schemes(database: &Database, found: &Discovered) -> Result<BTreeMap<&'static str, u64>, Error> {
    let mapping = &found.mapping;
    let mut counts = BTreeMap::new();
    let whole_numbers = found.table.column(&mapping.id).is_some_and(crate::database::TableColumn::is_integer);
    let Some(hash) = mapping.password_hash.as_deref().filter(|_| whole_numbers) else { return Ok(counts) };
    let (table, id, hash) = (quoted(&mapping.table), quoted(&mapping.id), quoted(hash));
    let connection = database.reads();
    let mut after = String::new();
    loop {
        // A hash is short; what is longer is none, and its beginning says so.
        let sql = format!(
            "SELECT CAST({id} AS BIGINT), substr(CAST({hash} AS TEXT), 1, 2048) FROM {table} {after} \
             ORDER BY {id} LIMIT {BATCH}"
        );
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(statement).await.map_err(DatabaseFailure::from)?;
        for row in &rows {
            let hash: Option<LenientText> = row.try_get_by_index(1).map_err(DatabaseFailure::from)?;
            *counts.entry(Family::of(hash.as_deref().unwrap_or_default()).name()).or_default() += 1;
        }
        let Some(last) = rows.last().filter(|_| rows.len() == BATCH) else { return Ok(counts) };
        let last: i64 = last.try_get_by_index(0).map_err(DatabaseFailure::from)?;
        after = format!("WHERE {id} > {last}");
    }
}
