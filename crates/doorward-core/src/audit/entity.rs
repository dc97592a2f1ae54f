pub(super) mod event {
    use sea_orm::entity::prelude::*;

    use crate::database::{StoredTime, UserId};

    /// A row of `audit_events`.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_events")]
    pub struct Model {
        /// The chain that it belongs to.
        #[sea_orm(primary_key, auto_increment = false)]
        pub stream: i32,
        /// Its place in the chain, from 1.
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        /// When.
        pub at: StoredTime,
        /// What: a name of [`crate::event::EventKind`].
        pub kind: String,
        /// To whom.
        pub user_id: Option<UserId>,
        /// Who: a word of [`crate::Actor`].
        pub actor: String,
        /// Whose account acted.
        pub actor_id: Option<UserId>,
        /// From where.
        pub address: Option<String>,
        /// The id of the request.
        pub request_id: Option<String>,
        /// More about it: a JSON object.
        pub details: String,
        /// SHA-256 of the row and the hash of the row before it.
        pub hash: Vec<u8>,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod stream {
    use sea_orm::entity::prelude::*;

    /// A row of `audit_streams`: where a chain ends, and where it begins.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_streams")]
    pub struct Model {
        /// The chain's number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub stream: i32,
        /// The place of its last row; 0 for none.
        pub sequence: i64,
        /// The hash of its last row.
        pub hash: Vec<u8>,
        /// The place of the last row that retention deleted; 0 for none.
        pub checkpoint: i64,
        /// The hash of that row.
        pub checkpoint_hash: Vec<u8>,
        /// The checkpoint sealed under the key that is not in the database.
        pub checkpoint_seal: Option<Vec<u8>>,
    }

    /// None is declared.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
