use sea_orm::entity::prelude::*;

use crate::database::{StoredTime, UserId};

/// A row of `invitations`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    /// The id: a UUID of version 7 as 32 hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// SHA-256 of the code.
    pub code_hash: Vec<u8>,
    /// The address that it was mailed to, and that the account will have.
    pub email: Option<String>,
    /// The role that the account will have.
    pub role: Option<String>,
    /// The administrator; none where it was an operator.
    pub invited_by: Option<UserId>,
    /// When it was made.
    pub created_at: StoredTime,
    /// When it ends unused.
    pub expires_at: StoredTime,
    /// When it was used.
    pub used_at: Option<StoredTime>,
    /// By whom.
    pub user_id: Option<UserId>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("used_at", &self.used_at)
            .finish_non_exhaustive()
    }
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
