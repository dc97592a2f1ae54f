use sea_orm::entity::prelude::*;

use crate::database::{LenientText, StoredTime, UserId};

/// A row of `users`: the Flask system's columns, then Doorward's own.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// The user's id.
    #[sea_orm(primary_key)]
    pub id: UserId,
    /// The e-mail address as it was spelled.
    pub email: Option<LenientText>,
    /// The user name as it was spelled.
    pub username: Option<LenientText>,
    /// The password's hash, of any scheme that [`crate::password`] reads.
    pub password_hash: Option<LenientText>,
    /// Whether the e-mail address has been confirmed.
    pub confirmed: Option<bool>,
    /// The name shown to others.
    pub name: Option<LenientText>,
    /// Where the user says to be.
    pub location: Option<LenientText>,
    /// What the user says about themselves.
    pub about_me: Option<LenientText>,
    /// When the account was made.
    pub member_since: Option<StoredTime>,
    /// When the user was last seen.
    pub last_seen: Option<StoredTime>,
    /// MD5 of the address, for an avatar service.
    pub avatar_hash: Option<LenientText>,
    /// The user name as it is looked up; empty until Doorward has seen the row, or where an older
    /// user has the same.
    pub username_key: Option<LenientText>,
    /// The address as it is looked up; likewise.
    pub email_key: Option<LenientText>,
    /// Since when the account can't sign in.
    pub disabled_at: Option<StoredTime>,
    /// What was issued up to this time is void.
    pub tokens_valid_after: Option<StoredTime>,
    /// The user name as a person would read it: no two are the same that were made here. Of adopted
    /// users that can be taken for one another, the first has it.
    pub username_skeleton: Option<LenientText>,
    /// The address of a registration that nobody has confirmed yet. It becomes `email` then: until
    /// that it is nobody's, and keeps nobody else from registering with it.
    pub pending_email: Option<LenientText>,
    /// The same as it is looked up.
    pub pending_email_key: Option<LenientText>,
    /// Until when a registration must be confirmed: then it is swept away.
    pub confirm_by: Option<StoredTime>,
    /// Whether the next sign-in must choose another password.
    pub must_change_password: Option<bool>,
    /// When the disabling ends by itself.
    pub disabled_until: Option<StoredTime>,
    /// Why the account is disabled, for administrators.
    pub disabled_reason: Option<LenientText>,
    /// When the deletion that the user asked for happens.
    pub delete_after: Option<StoredTime>,
    /// Whether this is a service: it has API keys, and no password.
    pub service: Option<bool>,
    /// The language of mails: `en` or `zh`.
    pub language: Option<LenientText>,
    /// The application's own fields: a JSON object.
    pub extra: Option<LenientText>,
    /// Counts what Doorward writes to `password_hash`. A change of that which doesn't count is the application's, and ends the
    /// user's sessions.
    pub password_version: Option<i64>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

/// No relation is declared: rows are read by `user_id` where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What goes into `password_version` along with another `password_hash`.
    pub(crate) fn next_password_version(&self) -> i64 {
        self.password_version.unwrap_or(0).wrapping_add(1)
    }

    /// What is known of the user, and so no good password.
    pub fn described(&self) -> Vec<&str> {
        [&self.username, &self.email, &self.name].into_iter().filter_map(|text| text.as_deref()).collect()
    }

    /// Whether the account may sign in at `now`: a disabling can end by itself. Nobody signs in to an account that is
    /// about to be deleted.
    pub fn is_enabled(&self, now: StoredTime) -> bool {
        let disabled = self.disabled_at.is_some() && self.disabled_until.is_none_or(|until| until > now);
        !disabled && self.delete_after.is_none()
    }

    /// The application's own fields; none where the cell holds no JSON object.
    pub fn extra_fields(&self) -> serde_json::Map<String, serde_json::Value> {
        self.extra.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The language of mails to the user.
    pub fn mail_language(&self) -> &str {
        self.language.as_deref().unwrap_or("en")
    }
}
