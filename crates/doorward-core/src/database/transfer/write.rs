use super::{
    Cell, Kind, Link, Odd, Row, Sequences, TransferColumn, TransferTable, Written,
    insert::insert,
    read::{among, execute},
};
use crate::database::{
    DatabaseFailure, Engine,
    migrations::{POSTGRES_TRIGGERS, SQLITE_TRIGGERS},
    quoted,
};

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
