use std::fmt::Write as _;

use super::{Link, TransferTable};
use crate::database::{DatabaseFailure, Engine, quoted};

/// Tables that number their rows themselves, and the column that is numbered.
const NUMBERED: [(&str, &str); 3] = [("users", "id"), ("revocations", "sequence"), ("mail_outbox", "id")];

/// The last numbers that were given to rows, of rows that are gone too.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Sequences(std::collections::BTreeMap<String, i64>);

impl Sequences {
    /// Whether every one is of a table that numbers its rows.
    pub fn are_known(&self) -> bool {
        self.0.keys().all(|name| NUMBERED.iter().any(|(table, _)| table == name))
    }

    /// Those that have given a number: table, column, number.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'static str, &'static str, i64)> {
        NUMBERED.into_iter().filter_map(|(table, column)| {
            let last = *self.0.get(table)?;
            (last > 0).then_some((table, column, last))
        })
    }
}

/// The last numbers given.
pub async fn sequences(link: &mut Link) -> Result<Sequences, DatabaseFailure> {
    let mut found = Sequences::default();
    for (table, column) in NUMBERED {
        let greatest = link.number(&format!("SELECT CAST(max({column}) AS BIGINT) FROM {table}")).await?;
        let given = match link.engine() {
            Engine::Sqlite => {
                link.number(&format!("SELECT max(seq) FROM sqlite_sequence WHERE name = '{table}'")).await?
            }
            Engine::Postgres => {
                let named = format!("SELECT pg_get_serial_sequence('{table}', '{column}')");
                match link.texts(&format!("SELECT coalesce(s, '') FROM ({named}) AS of_table (s)")).await?.pop() {
                    Some(name) if !name.is_empty() => {
                        link.number(&format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {name}"))
                            .await?
                    }
                    _ => 0,
                }
            }
        };
        found.0.insert(table.to_owned(), greatest.max(given));
    }
    Ok(found)
}

/// Begins a transaction beside which nobody writes to the tables; others go on reading, and writers wait.
pub async fn hold(link: &mut Link, tables: &[TransferTable]) -> Result<(), DatabaseFailure> {
    link.begin_writing().await?;
    if link.engine() == Engine::Postgres {
        let names: Vec<_> = tables.iter().map(|table| quoted(&table.name)).collect();
        // Shorter than the second after which PostgreSQL would end one of a circle of waiting: this one gives way.
        let lock = format!("SET LOCAL lock_timeout = '500ms'; LOCK TABLE {} IN EXCLUSIVE MODE", names.join(", "));
        if let Err(failure) = link.run(&lock).await {
            link.roll_back().await?;
            return Err(failure);
        }
    }
    Ok(())
}

/// From the commit on, every write to the tables is refused, whoever writes.
pub async fn refuse_writes(link: &mut Link, tables: &[TransferTable]) -> Result<(), DatabaseFailure> {
    let mut sql = String::new();
    if link.engine() == Engine::Postgres {
        // The code of a transaction that is read-only.
        sql.push_str(
            "CREATE OR REPLACE FUNCTION doorward_moved_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 RAISE EXCEPTION 'this database was moved and takes no more writes' USING ERRCODE = '25006';
             END $$;",
        );
    }
    for table in tables {
        let (name, own) = (&table.name, quoted(&table.name));
        let _ = match link.engine() {
            Engine::Sqlite => ["INSERT", "UPDATE", "DELETE"].iter().try_for_each(|what| {
                write!(
                    sql,
                    "CREATE TRIGGER IF NOT EXISTS doorward_moved_{name}_{} BEFORE {what} ON {own} BEGIN \
                     SELECT RAISE(ABORT, 'this database was moved and takes no more writes'); END;",
                    what.to_lowercase()
                )
            }),
            Engine::Postgres => write!(
                sql,
                "DO $do$ BEGIN
                     IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'doorward_moved_{name}'
                         AND tgrelid = '{own}'::regclass) THEN
                         CREATE TRIGGER doorward_moved_{name} BEFORE INSERT OR UPDATE OR DELETE ON {own}
                             FOR EACH STATEMENT EXECUTE FUNCTION doorward_moved_refuses();
                     END IF;
                 END $do$;"
            ),
        };
    }
    link.run(&sql).await
}

/// Takes [`refuse_writes`] back.
pub async fn let_write(link: &mut Link, tables: &[TransferTable]) -> Result<(), DatabaseFailure> {
    let mut sql = String::new();
    for table in tables {
        let name = &table.name;
        let _ = match link.engine() {
            Engine::Sqlite => ["insert", "update", "delete"]
                .iter()
                .try_for_each(|what| write!(sql, "DROP TRIGGER IF EXISTS doorward_moved_{name}_{what};")),
            Engine::Postgres => write!(sql, "DROP TRIGGER IF EXISTS doorward_moved_{name} ON {};", quoted(name)),
        };
    }
    if link.engine() == Engine::Postgres {
        sql.push_str("DROP FUNCTION IF EXISTS doorward_moved_refuses();");
    }
    link.run(&sql).await
}
