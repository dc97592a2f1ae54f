use doorward_guard::Revocation;
use sea_orm::entity::prelude::*;

use super::Event;
use crate::database::{StoredTime, UserId};

/// A row of `revocations`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub struct Model {
    /// Its place in the feed.
    #[sea_orm(primary_key)]
    pub sequence: i64,
    /// Which of the columns below say what is revoked.
    pub kind: String,
    /// Whose.
    pub user_id: Option<UserId>,
    /// The session.
    pub session_id: Option<String>,
    /// SHA-256 of the token.
    pub token_hash: Option<Vec<u8>>,
    /// What was issued up to then is void, or carries roles of before.
    pub valid_after: Option<StoredTime>,
    /// The user's roles now, as a JSON array.
    pub roles: Option<String>,
    /// When it was written.
    pub created_at: StoredTime,
    /// When nothing it concerns can be alive any more.
    pub until: StoredTime,
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What the row says; `None` for a kind that only a newer Doorward knows.
    pub fn event(&self) -> Option<Event> {
        let until = self.until.unix() + 1;
        let revocation = match self.kind.as_str() {
            "keys" => return Some(Event::KeysChanged),
            "permissions" => return Some(Event::PermissionsChanged),
            "session" => Revocation::Session { id: self.session_id.as_deref()?.parse().ok()?, until },
            "token" => Revocation::Token { sha256: self.token_hash.as_deref()?.try_into().ok()?, until },
            "user" => Revocation::User { id: self.user_id?.0, valid_after_ms: self.valid_after?.unix_ms(), until },
            "roles" => Revocation::Roles {
                user_id: self.user_id?.0,
                roles: serde_json::from_str(self.roles.as_deref()?).ok()?,
                at_ms: self.valid_after?.unix_ms(),
                until,
            },
            _ => return None,
        };
        Some(Event::Revoked(revocation))
    }
}
