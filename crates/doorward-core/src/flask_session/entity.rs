use sea_orm::entity::prelude::*;

use crate::database::{StoredTime, UserId};

/// A row of `doorward_exchanged_cookies`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "doorward_exchanged_cookies")]
pub struct Model {
    /// SHA-256 of the cookie's value.
    #[sea_orm(primary_key, auto_increment = false)]
    pub cookie_hash: Vec<u8>,
    /// Whose it is.
    pub user_id: UserId,
    /// The session that it became.
    pub session_id: String,
    /// Until when Flask would take it; never for one that knows no time.
    pub until: Option<StoredTime>,
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
