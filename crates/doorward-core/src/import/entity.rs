// The macros make more of a row than this feature names.
#[allow(unreachable_pub)]
pub(super) mod import {
    use sea_orm::{ActiveValue::Set, entity::prelude::*};

    use crate::database::StoredTime;

    /// How far the import of a source has come.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "doorward_imports")]
    pub struct Model {
        /// What the source is known by: SHA-256 of the file, or of where the table is and what is read of it, in hexadecimal.
        #[sea_orm(primary_key, auto_increment = false)]
        pub source_hash: String,
        /// Records that are done with, from the first on.
        pub records: i64,
        /// Of them: users made.
        pub created: i64,
        /// Users changed.
        pub changed: i64,
        /// Users that were there already and stay as they are.
        pub skipped: i64,
        /// Records that make no user.
        pub rejected: i64,
        /// When it first began.
        pub started_at: StoredTime,
        /// When it came to its end.
        pub ended_at: Option<StoredTime>,
        /// The id of the last row that is done with, of a source that is a database.
        pub last_id: Option<i64>,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl Model {
        /// What changes from batch to batch.
        pub(in crate::import) fn reached(&self) -> ActiveModel {
            ActiveModel {
                records: Set(self.records),
                created: Set(self.created),
                changed: Set(self.changed),
                skipped: Set(self.skipped),
                rejected: Set(self.rejected),
                last_id: Set(self.last_id),
                ..Default::default()
            }
        }
    }
}

#[allow(unreachable_pub)]
pub(super) mod imported_id {
    use sea_orm::entity::prelude::*;

    use crate::database::UserId;

    /// Which user an id of the source has become.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "doorward_imported_ids")]
    pub struct Model {
        /// What the source is known by.
        #[sea_orm(primary_key, auto_increment = false)]
        pub source_hash: String,
        /// The id there.
        #[sea_orm(primary_key, auto_increment = false)]
        pub source_id: i64,
        /// The user here.
        pub user_id: UserId,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
