pub(super) mod failure {
    use sea_orm::entity::prelude::*;

    use crate::database::StoredTime;

    /// A row of `login_failures`: one count.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "login_failures")]
    pub struct Model {
        /// What is counted, for whom and from where: no name and no address, but tags of them that only
        /// the holder of the seal key can make.
        #[sea_orm(primary_key, auto_increment = false)]
        pub bucket: Vec<u8>,
        /// How many.
        pub failures: i64,
        /// When the first was.
        pub first_at: StoredTime,
        /// When the last was.
        pub last_at: StoredTime,
        /// Until when further ones are refused.
        pub blocked_until: Option<StoredTime>,
        /// When all of it is forgotten.
        pub expires_at: StoredTime,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod device {
    use sea_orm::entity::prelude::*;

    use crate::database::{StoredTime, UserId};

    /// A row of `trusted_devices`: something that has signed in before.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "trusted_devices")]
    pub struct Model {
        /// SHA-256 of what the device shows.
        #[sea_orm(primary_key, auto_increment = false)]
        pub token_hash: Vec<u8>,
        /// Who signed in with it.
        pub user_id: UserId,
        /// What it called itself.
        pub user_agent: Option<String>,
        /// When it signed in first.
        pub created_at: StoredTime,
        /// When it signed in last.
        pub last_used_at: StoredTime,
        /// Until when it is trusted.
        pub expires_at: StoredTime,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
