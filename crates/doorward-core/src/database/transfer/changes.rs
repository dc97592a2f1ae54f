use std::fmt::Write as _;

use sea_orm::sqlx::{self, AssertSqlSafe};
use serde_json::Value;

use super::{Cell, Kind, Link, Row, TransferTable};
use crate::{
    database::{DatabaseFailure, Engine, quoted},
    hexadecimal::from_hexadecimal,
};

/// A row that was written while it was copied.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place among the entries.
    pub sequence: i64,
    /// The table.
    pub table: String,
    /// The row's key; the row may be there, or no longer.
    pub key: Row,
}

/// From now on the key of every row that is written stands in `doorward_moving`, by whichever program.
pub async fn begin_noting(link: &mut Link, tables: &[TransferTable]) -> Result<(), DatabaseFailure> {
    match link.engine() {
        Engine::Sqlite => {
            let mut sql = String::from(
                "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS doorward_moving (sequence INTEGER PRIMARY KEY AUTOINCREMENT, \
                 of_table TEXT NOT NULL, of_key TEXT NOT NULL);",
            );
            tables.iter().for_each(|table| note_in_sqlite(&mut sql, table));
            sql.push_str("COMMIT");
            link.run(&sql).await
        }
        Engine::Postgres => {
            // With the rights of who made it: another application writes users and knows nothing of this table.
            link.run(
                "CREATE TABLE IF NOT EXISTS doorward_moving (sequence BIGSERIAL PRIMARY KEY, of_table TEXT NOT NULL, \
                 of_key TEXT NOT NULL);
                 CREATE OR REPLACE FUNCTION doorward_moving_noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
                 DECLARE
                     old_key JSONB;
                     new_key JSONB;
                 BEGIN
                     IF TG_OP <> 'INSERT' THEN
                         SELECT jsonb_agg(to_jsonb(OLD) -> name ORDER BY place) INTO old_key
                             FROM unnest(TG_ARGV) WITH ORDINALITY AS of_key (name, place);
                     END IF;
                     IF TG_OP <> 'DELETE' THEN
                         SELECT jsonb_agg(to_jsonb(NEW) -> name ORDER BY place) INTO new_key
                             FROM unnest(TG_ARGV) WITH ORDINALITY AS of_key (name, place);
                     END IF;
                     IF old_key IS NOT NULL THEN
                         INSERT INTO doorward_moving (of_table, of_key) VALUES (TG_TABLE_NAME, old_key);
                     END IF;
                     IF new_key IS NOT NULL AND new_key IS DISTINCT FROM old_key THEN
                         INSERT INTO doorward_moving (of_table, of_key) VALUES (TG_TABLE_NAME, new_key);
                     END IF;
                     RETURN NULL;
                 END $$;",
            )
            .await?;
            // One table at a time: with several locks at once it could stand in a circle with writers.
            for table in tables {
                link.run(&note_in_postgres(table)).await?;
            }
            Ok(())
        }
    }
}

fn note_in_sqlite(sql: &mut String, table: &TransferTable) {
    let key = |of: &str| {
        let part = |index: &usize| {
            let column = &table.columns[*index];
            let name = format!("{of}.{}", quoted(&column.name));
            if column.kind == Kind::Bytes { format!("hex({name})") } else { name }
        };
        format!("json_array({})", table.key.iter().map(part).collect::<Vec<_>>().join(", "))
    };
    let (name, own) = (&table.name, quoted(&table.name));
    let (old, new) = (key("OLD"), key("NEW"));
    let _ = write!(
        sql,
        "CREATE TRIGGER IF NOT EXISTS doorward_moving_{name}_inserted AFTER INSERT ON {own} BEGIN \
             INSERT INTO doorward_moving (of_table, of_key) VALUES ('{name}', {new}); END; \
         CREATE TRIGGER IF NOT EXISTS doorward_moving_{name}_updated AFTER UPDATE ON {own} BEGIN \
             INSERT INTO doorward_moving (of_table, of_key) VALUES ('{name}', {new}); \
             INSERT INTO doorward_moving (of_table, of_key) SELECT '{name}', {old} WHERE {old} <> {new}; END; \
         CREATE TRIGGER IF NOT EXISTS doorward_moving_{name}_deleted AFTER DELETE ON {own} BEGIN \
             INSERT INTO doorward_moving (of_table, of_key) VALUES ('{name}', {old}); END;"
    );
}

fn note_in_postgres(table: &TransferTable) -> String {
    let (name, own) = (&table.name, quoted(&table.name));
    let key: Vec<_> = table.key.iter().map(|index| format!("'{}'", table.columns[*index].name)).collect();
    let key = key.join(", ");
    // Not dropped and made anew: that would wait for everyone who reads.
    format!(
        "DO $do$ BEGIN
             IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'doorward_moving_{name}' AND tgrelid = '{own}'::regclass) THEN
                 CREATE TRIGGER doorward_moving_{name} AFTER INSERT OR UPDATE OR DELETE ON {own}
                     FOR EACH ROW EXECUTE FUNCTION doorward_moving_noted({key});
             END IF;
         END $do$"
    )
}

/// Takes the notes and what makes them away.
pub async fn stop_noting(link: &mut Link, tables: &[TransferTable]) -> Result<(), DatabaseFailure> {
    for table in tables {
        let name = &table.name;
        let sql = match link.engine() {
            Engine::Sqlite => format!(
                "DROP TRIGGER IF EXISTS doorward_moving_{name}_inserted; \
                 DROP TRIGGER IF EXISTS doorward_moving_{name}_updated; \
                 DROP TRIGGER IF EXISTS doorward_moving_{name}_deleted"
            ),
            Engine::Postgres => format!("DROP TRIGGER IF EXISTS doorward_moving_{name} ON {}", quoted(name)),
        };
        link.run(&sql).await?;
    }
    if link.engine() == Engine::Postgres {
        link.run("DROP FUNCTION IF EXISTS doorward_moving_noted()").await?;
    }
    link.run("DROP TABLE IF EXISTS doorward_moving").await
}

/// The next notes behind `after`, `limit` at the most. On PostgreSQL one with a smaller number can still come.
pub async fn entries(
    link: &mut Link,
    tables: &[TransferTable],
    after: i64,
    limit: usize,
) -> Result<Vec<Entry>, DatabaseFailure> {
    let sql = format!(
        "SELECT sequence, of_table, of_key FROM doorward_moving WHERE sequence > {after} ORDER BY sequence LIMIT {limit}"
    );
    let rows: Vec<(i64, String, String)> = match link {
        Link::Sqlite(connection) => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(connection).await?,
        Link::Postgres(connection) => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(connection).await?,
    };
    let entry = |(sequence, name, key): (i64, String, String)| {
        let table = tables.iter().find(|table| table.name == name)?;
        let values: Vec<Value> = serde_json::from_str(&key).ok()?;
        let kinds = table.key.iter().map(|index| table.columns[*index].kind);
        let key = kinds.zip(&values).map(|(kind, value)| key_cell(kind, value)).collect::<Option<Row>>()?;
        Some(Entry { sequence, table: name, key })
    };
    Ok(rows.into_iter().filter_map(entry).collect())
}

/// The number of the last note; 0 where there is none.
pub async fn last_entry(link: &mut Link) -> Result<i64, DatabaseFailure> {
    link.number("SELECT CAST(max(sequence) AS BIGINT) FROM doorward_moving").await
}

fn key_cell(kind: Kind, value: &Value) -> Option<Cell> {
    match (kind, value) {
        (Kind::Integer, value) => value.as_i64().map(Cell::Integer),
        (Kind::Text, Value::String(text)) => Some(Cell::Text(text.clone())),
        (Kind::Bytes, Value::String(hex)) => from_hexadecimal(hex.strip_prefix("\\x").unwrap_or(hex)).map(Cell::Bytes),
        _ => None,
    }
}

/// Deletes just these notes.
pub async fn delete_entries(link: &mut Link, sequences: &[i64]) -> Result<(), DatabaseFailure> {
    if sequences.is_empty() {
        return Ok(());
    }
    let numbers: Vec<_> = sequences.iter().map(i64::to_string).collect();
    link.run(&format!("DELETE FROM doorward_moving WHERE sequence IN ({})", numbers.join(", "))).await
}
