pub(super) mod role {
    use sea_orm::entity::prelude::*;

    /// A row of `roles`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "roles")]
    pub struct Model {
        /// The role's name.
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        /// What it is for.
        pub description: Option<String>,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod assignment {
    use sea_orm::entity::prelude::*;

    use crate::database::{StoredTime, UserId};

    /// A row of `user_roles`: this user has this role.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "user_roles")]
    pub struct Model {
        /// The user.
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: UserId,
        /// The role's name.
        #[sea_orm(primary_key, auto_increment = false)]
        pub role: String,
        /// Since when.
        pub granted_at: StoredTime,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod permission {
    use sea_orm::entity::prelude::*;

    /// A row of `role_permissions`: this role has this permission.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "role_permissions")]
    pub struct Model {
        /// The role's name.
        #[sea_orm(primary_key, auto_increment = false)]
        pub role: String,
        /// The permission's name.
        #[sea_orm(primary_key, auto_increment = false)]
        pub permission: String,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
