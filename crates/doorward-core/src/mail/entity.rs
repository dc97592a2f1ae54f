use sea_orm::entity::prelude::*;

use crate::database::{StoredTime, UserId};

/// A row of `mail_outbox`.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_outbox")]
pub struct Model {
    /// The order of writing.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Whom it is about.
    pub user_id: Option<UserId>,
    /// The address that it goes to.
    pub recipient: String,
    /// A name of [`super::Template`].
    pub template: String,
    /// `en` or `zh`.
    pub language: String,
    /// What the template is filled with, sealed: it holds links that open accounts. Emptied once sent.
    pub sealed: Option<Vec<u8>>,
    /// The `Message-ID`, the same at every attempt (RFC 5322 §3.6.4).
    pub message_id: String,
    /// When it was written.
    pub created_at: StoredTime,
    /// When the next attempt is due.
    pub due_at: StoredTime,
    /// When it is given up.
    pub give_up_at: StoredTime,
    /// How often it was tried.
    pub attempts: i32,
    /// Who is sending it now.
    pub lease: Option<Vec<u8>>,
    /// Until when nobody else does.
    pub leased_until: Option<StoredTime>,
    /// When the mail server took it.
    pub sent_at: Option<StoredTime>,
    /// When it was given up.
    pub failed_at: Option<StoredTime>,
    /// What the mail server said last.
    pub last_error: Option<String>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboxRow")
            .field("id", &self.id)
            .field("template", &self.template)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// None is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
