use sea_orm::sqlx::{self, AssertSqlSafe};

use super::{
    Cell, Kind, Link, Odd, Row, Sequences, TransferColumn, TransferTable,
    read::{among, bind_sqlite, execute},
};
use crate::database::{
    DatabaseFailure, Engine,
    many_rows::insertion_of_document,
    mark,
    migrations::{POSTGRES_TRIGGERS, SQLITE_TRIGGERS},
    quoted,
    stored_time::sqlite_text,
};
use crate::hexadecimal::to_hexadecimal;
use serde_json::Value;

/// What one statement of SQLite binds at the most: it takes 32,766.
const MOST_BOUND: usize = 30_000;

/// Why a row can't be held by a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Unfit {
    /// The table.
    pub table: String,
    /// The row's key, as it is read.
    pub key: String,
    /// The column.
    pub column: String,
    /// Why.
    pub reason: &'static str,
}

/// How many of the rows were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All.
    All,
    /// Not those whose name another row has for now.
    Some,
}

/// Makes the tables ready to be filled in any order, by nobody else: Doorward's triggers would take the filling for work of
/// users'. Within [`Link::begin_writing`].
pub async fn arrange(link: &mut Link) -> Result<(), DatabaseFailure> {
    match link {
        Link::Sqlite(_) => {
            let own = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'doorward\\_%' ESCAPE '\\'";
            for name in link.texts(own).await? {
                link.run(&format!("DROP TRIGGER {}", quoted(&name))).await?;
            }
            Ok(())
        }
        Link::Postgres(_) => {
            link.run(
                "ALTER TABLE users DISABLE TRIGGER USER;
                 ALTER TABLE revocations DISABLE TRIGGER USER;
                 ALTER TABLE user_roles DROP CONSTRAINT IF EXISTS user_roles_role_fkey;
                 ALTER TABLE role_permissions DROP CONSTRAINT IF EXISTS role_permissions_role_fkey",
            )
            .await
        }
    }
}

/// Deletes every row of the tables, the last table first.
pub async fn clear(link: &mut Link, tables: &[TransferTable]) -> Result<(), DatabaseFailure> {
    for table in tables.iter().rev() {
        link.run(&format!("DELETE FROM {} WHERE {}", quoted(&table.name), table.only())).await?;
    }
    Ok(())
}

/// Makes the tables what they are when they are in use, with their next numbers behind those of the source. Within
/// [`Link::begin_writing`].
pub async fn finish(link: &mut Link, sequences: &Sequences) -> Result<(), DatabaseFailure> {
    match link.engine() {
        Engine::Sqlite => link.run(SQLITE_TRIGGERS).await?,
        Engine::Postgres => {
            link.run(POSTGRES_TRIGGERS).await?;
            link.run(
                "ALTER TABLE users ENABLE TRIGGER USER;
                 ALTER TABLE revocations ENABLE TRIGGER USER;
                 ALTER TABLE user_roles DROP CONSTRAINT IF EXISTS user_roles_role_fkey;
                 ALTER TABLE user_roles ADD CONSTRAINT user_roles_role_fkey FOREIGN KEY (role) REFERENCES roles (name);
                 ALTER TABLE role_permissions DROP CONSTRAINT IF EXISTS role_permissions_role_fkey;
                 ALTER TABLE role_permissions ADD CONSTRAINT role_permissions_role_fkey
                     FOREIGN KEY (role) REFERENCES roles (name)",
            )
            .await?;
        }
    }
    for (table, column, last) in sequences.each() {
        match link.engine() {
            Engine::Sqlite if table == "users" => {}
            Engine::Sqlite => {
                link.run(&format!(
                    "UPDATE sqlite_sequence SET seq = max(seq, {last}) WHERE name = '{table}'; \
                     INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', {last} \
                     WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{table}')"
                ))
                .await?;
            }
            Engine::Postgres => {
                link.run(&format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), \
                     greatest({last}, (SELECT coalesce(max({column}), 1) FROM {table})))"
                ))
                .await?;
            }
        }
    }
    Ok(())
}

/// Why the row can't stand in `table`, which `link` leads to.
pub fn unfit(engine: Engine, table: &TransferTable, row: &Row) -> Option<Unfit> {
    let refused = |column: &TransferColumn, reason| Unfit {
        table: table.name.clone(),
        key: told(&table.key_of(row)),
        column: column.name.clone(),
        reason,
    };
    table.columns.iter().zip(row).find_map(|(column, cell)| {
        let reason = match (engine, cell) {
            (_, Cell::Odd(Odd::Unreadable)) => Some("text that is no UTF-8"),
            (Engine::Sqlite, _) => None,
            (Engine::Postgres, Cell::Odd(_)) => Some(match column.kind {
                Kind::Time => "no time in the one form of times",
                _ => "a value of another kind than the column's",
            }),
            (Engine::Postgres, Cell::Text(text)) if text.contains('\0') => Some("a NUL within text"),
            (Engine::Postgres, Cell::Text(text))
                if column.width.is_some_and(|width| text.len() > width && text.chars().count() > width) =>
            {
                Some("text longer than the column is wide")
            }
            (Engine::Postgres, Cell::Integer(number))
                if column.declared == "integer" && i32::try_from(*number).is_err() =>
            {
                Some("a number beyond 32 bits")
            }
            _ => None,
        };
        reason.map(|reason| refused(column, reason))
    })
}

fn told(key: &Row) -> String {
    let parts = key.iter().map(|cell| match cell {
        Cell::Integer(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
        _ => "…".into(),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// Inserts rows; one that collides with a row that is there is passed over.
pub async fn insert(link: &mut Link, table: &TransferTable, rows: &[Row]) -> Result<Written, DatabaseFailure> {
    let mut written = 0;
    let at_once = match link.engine() {
        Engine::Sqlite => (MOST_BOUND / table.columns.len().max(1)).clamp(1, 500),
        Engine::Postgres => 1_000,
    };
    for rows in rows.chunks(at_once) {
        written += match link {
            Link::Sqlite(connection) => {
                let sql = insertion(table, rows.len());
                let query = rows.iter().flatten().fold(sqlx::query(AssertSqlSafe(sql)), bind_sqlite);
                query.execute(connection).await?.rows_affected()
            }
            Link::Postgres(connection) => {
                let names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
                let sql = insertion_of_document(&quoted(&table.name), &names.join(", ")) + " ON CONFLICT DO NOTHING";
                let query = sqlx::query(AssertSqlSafe(sql)).bind(document(table, rows).to_string());
                query.execute(connection).await?.rows_affected()
            }
        };
    }
    Ok(if written == rows.len() as u64 { Written::All } else { Written::Some })
}

/// SQLite's statement, with a place for each cell.
fn insertion(table: &TransferTable, rows: usize) -> String {
    let names: Vec<_> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let row = format!("({})", vec![mark(Engine::Sqlite, 0); names.len()].join(", "));
    let values = vec![row; rows].join(", ");
    format!("INSERT INTO {} ({}) VALUES {values} ON CONFLICT DO NOTHING", quoted(&table.name), names.join(", "))
}

/// The rows as PostgreSQL reads them: bytes and times in its own form of text.
fn document(table: &TransferTable, rows: &[Row]) -> Value {
    let cell = |cell: &Cell| match cell {
        Cell::Integer(number) => Value::from(*number),
        Cell::Boolean(truth) => Value::from(*truth),
        Cell::Text(text) => Value::from(text.as_str()),
        Cell::Time(time) => Value::from(sqlite_text(*time)),
        Cell::Bytes(bytes) => Value::from(format!("\\x{}", to_hexadecimal(bytes))),
        // What is odd is refused before.
        Cell::Null | Cell::Odd(_) => Value::Null,
    };
    let object = |row: &Row| -> Value {
        let members = table.columns.iter().zip(row).map(|(column, of)| (column.name.clone(), cell(of)));
        Value::Object(members.collect())
    };
    rows.iter().map(object).collect()
}

/// Makes the rows with these keys what they are at the source: `rows`, and the others none.
pub async fn replace(
    link: &mut Link,
    table: &TransferTable,
    keys: &[Row],
    rows: &[Row],
) -> Result<Written, DatabaseFailure> {
    if !keys.is_empty() {
        let sql = format!(
            "DELETE FROM {} WHERE {} AND {}",
            quoted(&table.name),
            table.only(),
            among(table, keys, link.engine())
        );
        execute(link, &sql, keys.iter().flatten()).await?;
    }
    insert(link, table, rows).await
}
