use sea_orm::ConnectionTrait as _;

use super::{Database, DatabaseFailure, Engine, Transaction, transfer::Link};

impl Database {
    /// The greatest id that the `users` table has room for: the Flask system's is `INTEGER`, which is 32 bits on PostgreSQL.
    pub fn most_user_id(&self) -> i64 {
        match self.engine {
            Engine::Sqlite => i64::MAX,
            Engine::Postgres => i64::from(i32::MAX),
        }
    }
}

/// After users were made with ids of their own, the database's next id is beyond them. SQLite sees to that by itself.
pub(crate) async fn go_on_after_kept_ids(writes: &mut impl Unprepared) -> Result<(), DatabaseFailure> {
    if writes.engine() == Engine::Postgres {
        let statement = "SELECT setval(sequence, greatest((SELECT max(id) FROM users), nextval(sequence) - 1)) \
                         FROM (SELECT pg_get_serial_sequence('users', 'id')::regclass AS sequence) AS of_users \
                         WHERE sequence IS NOT NULL";
        writes.run(statement).await?;
    }
    Ok(())
}

/// Tells the database how large the `users` table has become, so that it looks names up by their indexes: PostgreSQL plans by what it
/// knew when the table was small, and knows better by itself only minutes later.
pub(crate) async fn note_size(writes: &mut impl Unprepared) -> Result<(), DatabaseFailure> {
    if writes.engine() == Engine::Postgres {
        writes.run("ANALYZE users").await?;
    }
    Ok(())
}

/// What takes statements without parameters.
pub(crate) trait Unprepared {
    /// Which engine carries them out.
    fn engine(&self) -> Engine;

    /// Runs one.
    async fn run(&mut self, sql: &str) -> Result<(), DatabaseFailure>;
}

impl Unprepared for Transaction {
    fn engine(&self) -> Engine {
        self.engine()
    }

    async fn run(&mut self, sql: &str) -> Result<(), DatabaseFailure> {
        self.execute_unprepared(sql).await?;
        Ok(())
    }
}

impl Unprepared for Link {
    fn engine(&self) -> Engine {
        self.engine()
    }

    async fn run(&mut self, sql: &str) -> Result<(), DatabaseFailure> {
        self.run(sql).await
    }
}
