//! What happens to accounts: told to the audit within the transaction, and to the embedding
//! application after it.

mod kind;
mod listener;

pub use kind::EventKind;
pub use listener::Listener;
use serde_json::{Map, Value};

use crate::database::UserId;

/// Something that happened to an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// To whom; none where it is nobody's account.
    pub user_id: Option<UserId>,
    /// More about it, without any secret.
    pub details: Map<String, Value>,
}

impl Event {
    /// It happened to this user.
    pub fn of(kind: EventKind, user_id: UserId) -> Self {
        Self { kind, user_id: Some(user_id), details: Map::new() }
    }

    /// It happened to nobody in particular.
    pub fn of_nobody(kind: EventKind) -> Self {
        Self { kind, user_id: None, details: Map::new() }
    }

    /// With one more detail. Never a secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}
