use std::{future::Future, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement, Value,
};

use super::{DatabaseFailure, Engine, stored_time};

/// The way in for queries: SeaORM's connection, with the engine's own form of times and a bound
/// on every wait.
#[derive(Debug, Clone)]
pub struct Connection {
    inner: DatabaseConnection,
    engine: Engine,
    wait: Duration,
}

/// A write transaction. Rolled back when dropped without [`Transaction::commit`].
#[derive(Debug)]
pub struct Transaction {
    inner: DatabaseTransaction,
    engine: Engine,
    wait: Duration,
}

impl Connection {
    pub(super) fn new(inner: DatabaseConnection, engine: Engine, wait: Duration) -> Self {
        Self { inner, engine, wait }
    }

    pub(super) fn inner(&self) -> &DatabaseConnection {
        &self.inner
    }
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction, engine: Engine, wait: Duration) -> Self {
        Self { inner, engine, wait }
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    pub(super) fn inner(&self) -> &DatabaseTransaction {
        &self.inner
    }

    /// Makes the writes durable: on return they survive a crash of the process and of the machine.
    pub async fn commit(self) -> Result<(), DatabaseFailure> {
        Ok(bounded(self.wait, self.inner.commit()).await?)
    }
}

async fn bounded<T>(wait: Duration, work: impl Future<Output = Result<T, DbErr>> + Send) -> Result<T, DbErr> {
    tokio::time::timeout(wait, work)
        .await
        .unwrap_or_else(|_| Err(DbErr::Conn(RuntimeErr::Internal("timed out".into()))))
}

/// SQLAlchemy reads a time in SQLite only with exactly six digits behind the second; the driver
/// would write as many as are needed.
fn for_engine(engine: Engine, mut statement: Statement) -> Statement {
    if engine == Engine::Sqlite
        && let Some(values) = &mut statement.values
    {
        for value in &mut values.0 {
            if let Value::ChronoDateTime(time) = value {
                *value = Value::String(time.take().map(stored_time::sqlite_text));
            }
        }
        write_out_limit(&mut statement.sql, &mut values.0);
    }
    statement
}

/// SQLite looks at a limit that is bound, and so plans the statement anew each time; one that is written out it keeps.
fn write_out_limit(sql: &mut String, values: &mut Vec<Value>) {
    const BOUND: &str = " LIMIT ?";
    if let (true, Some(Value::BigUnsigned(Some(limit)))) = (sql.ends_with(BOUND), values.last()) {
        sql.truncate(sql.len() - 1);
        sql.push_str(&limit.to_string());
        values.pop();
    }
}

macro_rules! connection_trait {
    ($type:ty) => {
        #[async_trait::async_trait]
        impl ConnectionTrait for $type {
            fn get_database_backend(&self) -> DbBackend {
                self.inner.get_database_backend()
            }

            async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
                let statement = for_engine(self.engine, statement);
                bounded(self.wait, self.inner.execute_raw(statement)).await
            }

            async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
                bounded(self.wait, self.inner.execute_unprepared(sql)).await
            }

            async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
                let statement = for_engine(self.engine, statement);
                bounded(self.wait, self.inner.query_one_raw(statement)).await
            }

            async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
                let statement = for_engine(self.engine, statement);
                bounded(self.wait, self.inner.query_all_raw(statement)).await
            }
        }
    };
}

connection_trait!(Connection);
connection_trait!(Transaction);

#[cfg(test)]
mod tests {
    use sea_orm::{EntityTrait as _, QuerySelect as _, QueryTrait as _};

    use super::*;
    use crate::user::Entity;

    #[test]
    fn sqlite_gets_a_limit_written_out_and_other_engines_get_it_bound() {
        let tail = |engine, backend, offset| {
            let query = Entity::find().select_only().column(crate::user::Column::Id).limit(7).offset(offset);
            let statement = for_engine(engine, query.build(backend));
            let (_, tail) = statement.sql.split_once("FROM ").unwrap();
            format!("{tail}; {} bound", statement.values.unwrap().0.len())
        };
        assert_eq!(tail(Engine::Sqlite, DbBackend::Sqlite, None), "\"users\" LIMIT 7; 0 bound");
        assert_eq!(tail(Engine::Postgres, DbBackend::Postgres, None), "\"users\" LIMIT $1; 1 bound");
        assert_eq!(tail(Engine::Sqlite, DbBackend::Sqlite, Some(9)), "\"users\" LIMIT ? OFFSET ?; 2 bound");
    }
}
