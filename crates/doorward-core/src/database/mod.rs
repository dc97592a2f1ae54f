//! Everything that differs between SQLite and PostgreSQL stands in this folder, and nowhere else.
//!
//! Features see a [`Database`] with two ways in: [`Database::reads`] for queries and
//! [`Database::begin`] for a write transaction. Both write every time in the one form that the
//! engine's other readers expect, and give up after the configured wait.

mod backup;
mod catalog;
mod column;
mod connect;
mod connection;
mod examine;
mod failure;
mod hosts;
mod integrity;
mod many_rows;
mod mark;
mod migrate;
mod migrations;
mod mysql;
mod notifications;
mod order;
mod orphans;
mod read_only;
mod stored_time;
pub mod transfer;
mod user_ids;
mod users_copy;

pub use backup::{BackupAdvice, back_up, restore};
pub use catalog::{Table, TableColumn, quoted, tables};
pub use column::{LenientText, UserId};
pub use connect::{DatabaseOptions, connect};
pub use connection::{Connection, Transaction};
pub use examine::{
    RowsFound, enforces_widths, engine_version, files, has_triggers, lax_durability, server_time,
    users_with_bytes_in_text, users_with_unreadable_times,
};
pub use failure::{DatabaseFailure, is_unique_violation};
pub use integrity::{check_integrity, ping};
pub(crate) use many_rows::insert_many_rows;
pub(crate) use mark::mark;
pub use migrate::{MigrationState, Origin, migrate_down, migrate_up, migration_status, origin, take_away};
pub use notifications::Notifications;
pub use order::in_byte_order;
pub use orphans::{Orphans, orphans};
pub use read_only::connect_read_only;
pub use stored_time::StoredTime;
pub(crate) use user_ids::{go_on_after_kept_ids, note_size};
pub use users_copy::copy_users;

use std::time::Duration;

use sea_orm::{DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait};

/// The engines that Doorward runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded database: one file.
    Sqlite,
    /// A PostgreSQL server, 13 or newer.
    Postgres,
}

impl Engine {
    /// The engine's name as it stands in a database URL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A connected database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    engine: Engine,
    reads: Connection,
    writes: DatabaseConnection,
    wait: Duration,
    location: String,
    /// Where this is a copy: what it is of.
    original: Option<std::sync::Arc<mysql::Original>>,
}

impl Database {
    /// Which engine this is: for reports, never for a fork in a feature.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Where the database is, without a password: for messages to operators.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The way in for queries.
    pub fn reads(&self) -> &Connection {
        &self.reads
    }

    /// Begins a write transaction. On SQLite it takes the write lock at once: a transaction that
    /// begins as a reader and then writes can fail midway however long it waits.
    pub async fn begin(&self) -> Result<Transaction, DatabaseFailure> {
        let options = TransactionOptions {
            sqlite_transaction_mode: (self.engine == Engine::Sqlite).then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = tokio::time::timeout(self.wait, self.writes.begin_with_options(options))
            .await
            .map_err(|_| DatabaseFailure::timed_out())??;
        Ok(Transaction::new(inner, self.engine, self.wait))
    }

    /// Connections open and idle, for metrics: `(open, idle)`.
    pub fn pool_size(&self) -> (u32, usize) {
        match self.engine {
            Engine::Sqlite => {
                let pool = self.reads.inner().get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
            Engine::Postgres => {
                let pool = self.reads.inner().get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
        }
    }

    /// Closes every connection after what runs on it has ended. SQLite folds its log into the file.
    pub async fn close(&self) {
        for connection in [self.reads.inner(), &self.writes] {
            if let Err(error) = connection.clone().close().await {
                tracing::warn!(%error, "the database did not close cleanly");
            }
        }
    }
}
