use sea_orm::{
    ConnectionTrait as _, Statement,
    sqlx::{self, AssertSqlSafe},
};

use super::Link;
use crate::database::{Database, DatabaseFailure, Engine};

/// What a move has made of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveState {
    /// It is being copied from, and serves.
    Leaving,
    /// It was copied from, and takes no more writes.
    Left,
    /// It is being copied to.
    Arriving,
    /// It holds everything; the other one has not been told yet.
    Arrived,
}

impl MoveState {
    fn name(self) -> &'static str {
        match self {
            Self::Leaving => "leaving",
            Self::Left => "left",
            Self::Arriving => "arriving",
            Self::Arrived => "arrived",
        }
    }
}

/// A move that a database takes part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What both databases know it by.
    pub id: String,
    /// How far it is here.
    pub state: MoveState,
    /// Where the other database is, without a password.
    pub other: String,
}

/// The move that the database takes part in.
pub async fn move_state(database: &Database) -> Result<Option<Move>, DatabaseFailure> {
    let reads = database.reads();
    let there = match database.engine() {
        Engine::Sqlite => "SELECT 1 FROM sqlite_master WHERE name = 'doorward_move'",
        Engine::Postgres => "SELECT 1 WHERE to_regclass('doorward_move') IS NOT NULL",
    };
    if reads.query_one_raw(Statement::from_string(reads.get_database_backend(), there)).await?.is_none() {
        return Ok(None);
    }
    let sql = "SELECT id, state, other FROM doorward_move";
    let Some(row) = reads.query_one_raw(Statement::from_string(reads.get_database_backend(), sql)).await? else {
        return Ok(None);
    };
    let state: String = row.try_get_by_index(1)?;
    let states = [MoveState::Leaving, MoveState::Left, MoveState::Arriving, MoveState::Arrived];
    let state = states.into_iter().find(|known| known.name() == state).unwrap_or(MoveState::Arriving);
    Ok(Some(Move { id: row.try_get_by_index(0)?, state, other: row.try_get_by_index(2)? }))
}

/// Writes how far the move is.
pub async fn note(link: &mut Link, of: &Move) -> Result<(), DatabaseFailure> {
    let made = "CREATE TABLE IF NOT EXISTS doorward_move (id TEXT NOT NULL, state TEXT NOT NULL, other TEXT NOT NULL); \
                DELETE FROM doorward_move";
    link.run(made).await?;
    let sql = "INSERT INTO doorward_move (id, state, other) VALUES ($1, $2, $3)";
    match link {
        Link::Sqlite(connection) => {
            let query = sqlx::query(AssertSqlSafe(sql)).bind(&of.id).bind(of.state.name()).bind(&of.other);
            query.execute(connection).await?;
        }
        Link::Postgres(connection) => {
            let query = sqlx::query(AssertSqlSafe(sql)).bind(&of.id).bind(of.state.name()).bind(&of.other);
            query.execute(connection).await?;
        }
    }
    Ok(())
}

/// The move is over, and nothing here speaks of it any more.
pub async fn forget(link: &mut Link) -> Result<(), DatabaseFailure> {
    link.run("DROP TABLE IF EXISTS doorward_move").await
}
