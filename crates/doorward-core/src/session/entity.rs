use sea_orm::entity::prelude::*;

use crate::database::{StoredTime, UserId};

/// A row of `sessions`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// The session's id: a UUID of version 7 as 32 hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Whose it is.
    pub user_id: UserId,
    /// SHA-256 of the browser's cookie, where it has one.
    pub cookie_hash: Option<Vec<u8>>,
    /// When it began.
    pub created_at: StoredTime,
    /// When it was last used, to the minute.
    pub last_seen_at: StoredTime,
    /// When it ends at the latest.
    pub expires_at: StoredTime,
    /// When it was ended.
    pub ended_at: Option<StoredTime>,
    /// Why: a word of [`super::EndReason`].
    pub end_reason: Option<String>,
    /// Whether nothing but the sign-in itself vouches for it (Flask-Login's "fresh").
    pub fresh: bool,
    /// The address that signed in.
    pub address: Option<String>,
    /// The browser or program that signed in, as it called itself.
    pub user_agent: Option<String>,
    /// SHA-256 of network and program, for session protection.
    pub fingerprint: Vec<u8>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("ended_at", &self.ended_at)
            .finish_non_exhaustive()
    }
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
