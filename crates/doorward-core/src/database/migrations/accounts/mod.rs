use sea_orm_migration::{
    SchemaManager,
    prelude::{DbErr, MigrationName, MigrationTrait},
    sea_orm::{ConnectionTrait, DbBackend},
};

use super::own;

/// The life of an account: codes, invitations, mail, throttling, devices, API keys, permissions, audit.
pub(crate) struct Accounts;

impl MigrationName for Accounts {
    fn name(&self) -> &'static str {
        "m0002_accounts"
    }
}

/// Tables that this step makes.
const OWN_TABLES: [&str; 9] = [
    "one_time_codes",
    "invitations",
    "mail_outbox",
    "login_failures",
    "trusted_devices",
    "api_keys",
    "role_permissions",
    "audit_streams",
    "audit_events",
];

#[async_trait::async_trait]
impl MigrationTrait for Accounts {
    #[expect(elided_lifetimes_in_paths, reason = "the trait is written so, and async_trait must match it")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        own::refuse_tables_of_others(manager, &OWN_TABLES).await?;
        let connection = manager.get_connection();
        connection
            .execute_unprepared(&own::in_types_of(connection.get_database_backend(), include_str!("up.sql")))
            .await?;
        Ok(())
    }

    #[expect(elided_lifetimes_in_paths, reason = "the trait is written so, and async_trait must match it")]
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        // They name what this step made; the next start makes them anew.
        let triggers = match connection.get_database_backend() {
            DbBackend::Postgres => {
                "DROP TRIGGER IF EXISTS doorward_user_deleted ON users;
                 DROP TRIGGER IF EXISTS doorward_username_reshaped ON users;
                 DROP FUNCTION IF EXISTS doorward_username_reshaped();"
            }
            _ => {
                "DROP TRIGGER IF EXISTS doorward_user_deleted;
                 DROP TRIGGER IF EXISTS doorward_username_reshaped;"
            }
        };
        connection.execute_unprepared(triggers).await?;
        connection.execute_unprepared(include_str!("down.sql")).await?;
        Ok(())
    }
}
