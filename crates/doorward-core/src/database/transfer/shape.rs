use std::time::Duration;

use super::Kind;
use crate::{
    Error,
    database::{Database, DatabaseFailure, DatabaseOptions, Table, connect, migrate_up, quoted, tables},
};
use sea_orm::{ConnectionTrait as _, Statement};

/// A table of Doorward's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferTable {
    /// Its name.
    pub name: String,
    /// Its columns, in their order.
    pub columns: Vec<TransferColumn>,
    /// Which of the columns are the primary key.
    pub key: Vec<usize>,
}

/// A column of such a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// The most characters of its text, where there is a limit.
    pub width: Option<usize>,
    /// Its type as the engine shows it; empty where the table lacks it.
    pub(super) declared: String,
}

impl TransferTable {
    /// The names of its key's columns, quoted.
    pub(super) fn key_names(&self) -> Vec<String> {
        self.key.iter().map(|index| quoted(&self.columns[*index].name)).collect()
    }

    /// The key of a row.
    pub fn key_of(&self, row: &super::Row) -> super::Row {
        self.key.iter().map(|index| row[*index].clone()).collect()
    }

    /// Rows that belong to one database and stay there: who made it.
    pub(super) fn only(&self) -> &'static str {
        if self.name == "doorward_state" { "name <> 'origin'" } else { "1 = 1" }
    }
}

/// Doorward's tables in the order in which one that points at another comes after it.
const ORDER: [&str; 20] = [
    "doorward_state",
    "users",
    "roles",
    "role_permissions",
    "user_roles",
    "sessions",
    "refresh_tokens",
    "trusted_devices",
    "one_time_codes",
    "invitations",
    "api_keys",
    "signing_keys",
    "revocations",
    "login_failures",
    "mail_outbox",
    "audit_streams",
    "audit_events",
    "doorward_imports",
    "doorward_imported_ids",
    "doorward_exchanged_cookies",
];

/// Tables that hold something as soon as a database is in use.
const IN_USE: [&str; 4] = ["users", "sessions", "signing_keys", "audit_events"];

/// The tables that this version of Doorward makes, as it makes them.
pub async fn own_tables() -> Result<Vec<TransferTable>, Error> {
    let made = tables_made().await?;
    Ok(ORDER.iter().filter_map(|name| made.iter().find(|table| table.name == *name)).map(described).collect())
}

async fn tables_made() -> Result<Vec<Table>, Error> {
    let wait = Duration::from_secs(30);
    let options = DatabaseOptions {
        url: "sqlite::memory:".into(),
        max_connections: 1,
        acquire_timeout: wait,
        statement_timeout: wait,
        create: true,
    };
    let database = connect(&options).await?;
    migrate_up(&database).await?;
    let made = tables(&database).await?;
    database.close().await;
    Ok(made)
}

/// The same tables with the types that they have in `database`, which another application may have made.
pub async fn held_tables(database: &Database, own: &[TransferTable]) -> Result<Vec<TransferTable>, DatabaseFailure> {
    let found = tables(database).await?;
    let declared = |table: &str, column: &str| {
        let table = found.iter().find(|found| found.name == table)?;
        Some(table.column(column)?.kind.clone())
    };
    let mut held = own.to_vec();
    for table in &mut held {
        for column in &mut table.columns {
            column.declared = declared(&table.name, &column.name).unwrap_or_default();
        }
    }
    Ok(held)
}

/// Whether nobody has used the database yet.
pub async fn is_unused(database: &Database) -> Result<bool, DatabaseFailure> {
    for table in IN_USE {
        let sql = format!("SELECT 1 FROM {table} LIMIT 1");
        let reads = database.reads();
        if reads.query_one_raw(Statement::from_string(reads.get_database_backend(), sql)).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn described(table: &Table) -> TransferTable {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| TransferColumn {
            name: column.name.clone(),
            kind: kind(&column.kind),
            width: column.kind.split(['(', ')']).nth(1).and_then(|width| width.parse().ok()),
            declared: column.kind.clone(),
        })
        .collect();
    let key = table.columns.iter().enumerate().filter(|(_, column)| column.primary).map(|(index, _)| index).collect();
    TransferTable { name: table.name.clone(), columns, key }
}

fn kind(declared: &str) -> Kind {
    if declared.contains("int") {
        Kind::Integer
    } else if declared.contains("bool") {
        Kind::Boolean
    } else if declared.contains("datetime") {
        Kind::Time
    } else if declared.contains("blob") {
        Kind::Bytes
    } else {
        Kind::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_table_that_doorward_makes_is_known() {
        let mut made: Vec<_> = tables_made().await.unwrap().into_iter().map(|table| table.name).collect();
        made.retain(|name| name != "doorward_migrations");
        let mut known: Vec<_> = own_tables().await.unwrap().into_iter().map(|table| table.name).collect();
        known.sort();
        assert_eq!(known, made);
        assert_eq!(known.len(), ORDER.len());
    }

    #[tokio::test]
    async fn every_table_has_a_key_that_is_no_time() {
        for table in own_tables().await.unwrap() {
            assert!(!table.key.is_empty(), "{}", table.name);
            assert!(table.key.iter().all(|index| table.columns[*index].kind != Kind::Time), "{}", table.name);
        }
    }
}
