use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;

use super::{Database, Engine};

/// Wakes a reader when another process wrote to the revocations: at once on PostgreSQL (`NOTIFY`),
/// and on both engines after the given time at the latest.
pub struct Notifications {
    database: Database,
    listener: Option<PgListener>,
}

const CHANNEL: &str = "doorward_revocations";

impl Notifications {
    /// Nothing is connected yet; the first [`Notifications::next`] does that.
    pub fn new(database: &Database) -> Self {
        Self { database: database.clone(), listener: None }
    }

    /// Returns when something was written or `at_most` has passed, whichever is first. A listener
    /// that lost its connection is made anew at the next call.
    pub async fn next(&mut self, at_most: Duration) {
        let waiting = self.wait();
        if tokio::time::timeout(at_most, waiting).await.is_err() {
            return;
        }
        // Several logouts at once are read as one batch.
        while let Some(listener) = &mut self.listener
            && listener.next_buffered().is_some()
        {}
    }

    async fn wait(&mut self) {
        if self.database.engine() == Engine::Sqlite {
            return std::future::pending().await;
        }
        if self.listener.is_none() {
            match self.listen().await {
                Ok(listener) => self.listener = Some(listener),
                Err(error) => {
                    tracing::debug!(%error, "no notifications from PostgreSQL; reading on time instead");
                    return std::future::pending().await;
                }
            }
        }
        if let Some(listener) = &mut self.listener
            && let Err(error) = listener.recv().await
        {
            tracing::debug!(%error, "the notifications from PostgreSQL were cut");
            self.listener = None;
            std::future::pending::<()>().await;
        }
    }

    async fn listen(&self) -> Result<PgListener, sea_orm::sqlx::Error> {
        let pool = self.database.reads().inner().get_postgres_connection_pool();
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }
}
