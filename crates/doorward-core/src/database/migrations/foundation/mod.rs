use sea_orm_migration::{
    SchemaManager,
    prelude::{DbErr, MigrationName, MigrationTrait},
    sea_orm::{ConnectionTrait, DbBackend},
};

use super::own;

/// The Flask system's `users` table where there is none, and all that Doorward adds to it.
pub(crate) struct Foundation;

impl MigrationName for Foundation {
    fn name(&self) -> &'static str {
        "m0001_foundation"
    }
}

/// Tables that this step makes. One of the same name in an adopted database belongs to the
/// application.
const OWN_TABLES: [&str; 7] =
    ["sessions", "refresh_tokens", "roles", "user_roles", "signing_keys", "revocations", "doorward_state"];

#[async_trait::async_trait]
impl MigrationTrait for Foundation {
    #[expect(elided_lifetimes_in_paths, reason = "the trait is written so, and async_trait must match it")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let postgres = connection.get_database_backend() == DbBackend::Postgres;
        own::refuse_tables_of_others(manager, &OWN_TABLES).await?;
        // `alembic_version` without `users`: the application will make its table, not Doorward.
        let adopted = manager.has_table("users").await?;
        if !adopted {
            let users = if postgres { include_str!("users.postgres.sql") } else { include_str!("users.sqlite.sql") };
            connection.execute_unprepared(users).await?;
        }
        connection
            .execute_unprepared(&own::in_types_of(connection.get_database_backend(), include_str!("up.sql")))
            .await?;
        let origin = if adopted { "adopted" } else { "made" };
        connection
            .execute_unprepared(&format!("INSERT INTO doorward_state (name, value) VALUES ('origin', '{origin}')"))
            .await?;
        Ok(())
    }

    /// Takes away what Doorward added. The `users` table and its rows stay.
    #[expect(elided_lifetimes_in_paths, reason = "the trait is written so, and async_trait must match it")]
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let triggers = if connection.get_database_backend() == DbBackend::Postgres {
            "DROP TRIGGER IF EXISTS doorward_user_deleted ON users;
             DROP FUNCTION IF EXISTS doorward_user_deleted();
             DROP TRIGGER IF EXISTS doorward_user_renamed ON users;
             DROP FUNCTION IF EXISTS doorward_user_renamed();"
        } else {
            "DROP TRIGGER IF EXISTS doorward_user_deleted;
             DROP TRIGGER IF EXISTS doorward_username_changed;
             DROP TRIGGER IF EXISTS doorward_email_changed;"
        };
        connection.execute_unprepared(triggers).await?;
        connection.execute_unprepared(include_str!("down.sql")).await?;
        if connection.get_database_backend() == DbBackend::Postgres {
            connection
                .execute_unprepared(
                    "DROP FUNCTION IF EXISTS doorward_revocations_in_turn();
                     DROP FUNCTION IF EXISTS doorward_revocations_told();",
                )
                .await?;
        }
        Ok(())
    }
}
