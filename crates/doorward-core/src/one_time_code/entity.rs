use sea_orm::entity::prelude::*;

use crate::database::{StoredTime, UserId};

/// A row of `one_time_codes`. A user has one for each purpose at most: a newer one takes its place.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_codes")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// What for: a word of [`super::Purpose`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: String,
    /// SHA-256 of the link's token.
    pub link_hash: Vec<u8>,
    /// HMAC-SHA-256 of the typed code, under a key that is not in the database: eight digits are
    /// soon tried.
    pub typed_hash: Option<Vec<u8>>,
    /// The address that it was sent to.
    pub email: Option<String>,
    /// When it was issued.
    pub created_at: StoredTime,
    /// When the link ends.
    pub link_expires_at: StoredTime,
    /// When the typed code ends.
    pub typed_expires_at: Option<StoredTime>,
    /// How often a typed code was tried.
    pub tries: i32,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OneTimeCode")
            .field("user_id", &self.user_id)
            .field("purpose", &self.purpose)
            .field("tries", &self.tries)
            .finish_non_exhaustive()
    }
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
