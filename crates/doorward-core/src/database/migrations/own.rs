//! What every step needs that makes tables of Doorward's own.

use sea_orm_migration::{SchemaManager, prelude::DbErr, sea_orm::DbBackend};

use crate::database::order::bytewise;

/// A table of the same name in an adopted database belongs to the application.
pub(super) async fn refuse_tables_of_others(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    for table in tables {
        if manager.has_table(table).await? {
            return Err(DbErr::Migration(format!(
                "this database already has a table `{table}`, which is not Doorward's"
            )));
        }
    }
    Ok(())
}

/// The statements with the engine's own types for `{time}`, `{bytes}` and `{sequence}`, and its
/// order of bytes for `{bytewise}`.
pub(super) fn in_types_of(engine: DbBackend, statements: &str) -> String {
    let (time, bytes, sequence) = if engine == DbBackend::Postgres {
        ("TIMESTAMP WITHOUT TIME ZONE", "BYTEA", "BIGSERIAL PRIMARY KEY")
    } else {
        ("DATETIME", "BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT")
    };
    statements
        .replace("{time}", time)
        .replace("{bytes}", bytes)
        .replace("{sequence}", sequence)
        .replace("{bytewise}", bytewise(engine))
}
