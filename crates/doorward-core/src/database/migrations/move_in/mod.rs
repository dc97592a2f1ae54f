use sea_orm_migration::{
    SchemaManager,
    prelude::{DbErr, MigrationName, MigrationTrait},
    sea_orm::{ConnectionTrait, DbBackend},
};

use super::own;

/// What living beside the application that the users came from needs.
pub(crate) struct MoveIn;

impl MigrationName for MoveIn {
    fn name(&self) -> &'static str {
        "m0004_move_in"
    }
}

/// Triggers that this step adds or changes; every start makes them anew.
const POSTGRES_TRIGGERS: &str = "
    DROP TRIGGER IF EXISTS doorward_password_changed ON users;
    DROP FUNCTION IF EXISTS doorward_password_changed();
    DROP TRIGGER IF EXISTS doorward_user_deleted ON users;";
const SQLITE_TRIGGERS: &str = "
    DROP TRIGGER IF EXISTS doorward_password_changed;
    DROP TRIGGER IF EXISTS doorward_user_deleted;";

async fn drop_triggers(connection: &impl ConnectionTrait) -> Result<(), DbErr> {
    let triggers = match connection.get_database_backend() {
        DbBackend::Postgres => POSTGRES_TRIGGERS,
        _ => SQLITE_TRIGGERS,
    };
    connection.execute_unprepared(triggers).await.map(drop)
}

#[async_trait::async_trait]
impl MigrationTrait for MoveIn {
    #[expect(elided_lifetimes_in_paths, reason = "the trait is written so, and async_trait must match it")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        own::refuse_tables_of_others(manager, &["doorward_exchanged_cookies"]).await?;
        let connection = manager.get_connection();
        drop_triggers(connection).await?;
        let statements = own::in_types_of(connection.get_database_backend(), include_str!("up.sql"));
        connection.execute_unprepared(&statements).await?;
        Ok(())
    }

    #[expect(elided_lifetimes_in_paths, reason = "the trait is written so, and async_trait must match it")]
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        drop_triggers(connection).await?;
        connection.execute_unprepared(include_str!("down.sql")).await?;
        Ok(())
    }
}
