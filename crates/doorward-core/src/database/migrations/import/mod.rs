use sea_orm_migration::{
    SchemaManager,
    prelude::{DbErr, MigrationName, MigrationTrait},
    sea_orm::ConnectionTrait,
};

use super::own;

/// How far each import of users has come.
pub(crate) struct Import;

impl MigrationName for Import {
    fn name(&self) -> &'static str {
        "m0003_import"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Import {
    #[expect(elided_lifetimes_in_paths, reason = "the trait is written so, and async_trait must match it")]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        own::refuse_tables_of_others(manager, &["doorward_imports", "doorward_imported_ids"]).await?;
        let connection = manager.get_connection();
        let statements = own::in_types_of(connection.get_database_backend(), include_str!("up.sql"));
        connection.execute_unprepared(&statements).await?;
        Ok(())
    }

    #[expect(elided_lifetimes_in_paths, reason = "the trait is written so, and async_trait must match it")]
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("down.sql")).await?;
        Ok(())
    }
}
