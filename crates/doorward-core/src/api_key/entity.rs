use sea_orm::entity::prelude::*;

use crate::database::{StoredTime, UserId};

/// A row of `api_keys`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// The key's id: a UUID of version 7 as 32 hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    /// The key's first characters.
    pub shown: String,
    /// What its owner calls it.
    pub name: String,
    /// What it is narrowed to, with spaces between.
    pub scopes: String,
    /// When it was made.
    pub created_at: StoredTime,
    /// When it ends by itself.
    pub expires_at: Option<StoredTime>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<StoredTime>,
    /// When it was ended.
    pub revoked_at: Option<StoredTime>,
}

impl Model {
    /// What it is narrowed to.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.split_ascii_whitespace()
    }

    /// Whether it can be used at `now`.
    pub fn is_alive(&self, now: StoredTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyRow")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("shown", &self.shown)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
