//! The schema's steps, oldest first. A step that has been released never changes.

mod accounts;
mod foundation;
mod import;
mod move_in;
mod own;

use sea_orm_migration::prelude::*;

/// The steps under Doorward's own table, so that another migrator in the same database is left alone.
pub(super) struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(foundation::Foundation),
            Box::new(accounts::Accounts),
            Box::new(import::Import),
            Box::new(move_in::MoveIn),
        ]
    }

    fn migration_table_name() -> DynIden {
        "doorward_migrations".into_iden()
    }
}

/// The triggers, made anew at every start: a tool that rebuilds the `users` table (as Alembic does
/// on SQLite) drops them with the old one.
pub(super) const SQLITE_TRIGGERS: &str = include_str!("triggers.sqlite.sql");
pub(super) const POSTGRES_TRIGGERS: &str = include_str!("triggers.postgres.sql");
