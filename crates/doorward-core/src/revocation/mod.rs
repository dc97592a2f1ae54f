//! What takes tokens and sessions back before they end by themselves: one row each, written in the
//! transaction of what caused it, and followed by every replica.

mod entity;
mod feed;
mod follow;
mod publish;
mod recent;

pub use entity::{ActiveModel, Column, Entity, Model};
pub use feed::{Feed, delete_outdated};
pub use follow::{Told, follow, followers};
pub use publish::{keys_within, permissions_within, roles_within, session_within, token_within, user_within};
pub use recent::{MOST_TOLD, Recent};

use doorward_guard::Revocation;

/// A row that was just written: applied here at once, when its transaction has been committed.
#[derive(Debug, Clone)]
#[must_use = "apply it after the commit, or this process learns of it a second late"]
pub struct Published {
    /// Its place in the feed.
    pub(crate) sequence: i64,
    /// What it says; nothing for a change of the signing keys or of permissions.
    pub(crate) items: Vec<Revocation>,
}

/// What a row says to the feed's readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something for the guard.
    Revoked(Revocation),
    /// The signing keys were changed: read them again.
    KeysChanged,
    /// Roles' permissions were changed: read them again.
    PermissionsChanged,
}
