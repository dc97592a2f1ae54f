use doorward_guard::{CredentialKind, Identity, SessionId};
use sea_orm::{QueryOrder, entity::prelude::*, sea_query::Expr};

use super::{Column, Entity, Session};
use crate::{
    Doorward, Error, audit,
    database::{StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    revocation::{self, Published},
    user,
};

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The user signed out.
    LoggedOut,
    /// An administrator ended it.
    Administrator,
    /// The password was changed.
    PasswordChanged,
    /// A change of the address was undone.
    EmailChangeUndone,
    /// The account was disabled.
    Disabled,
    /// The account was deleted.
    Deleted,
    /// A refresh token came twice: one of the two who hold it is a thief.
    RefreshTokenReused,
    /// The cookie came from another network or program.
    Protection,
    /// The user ended it from another one.
    User,
    /// The user asked for the deletion of the account.
    DeletionRequested,
    /// The user has begun too many others since.
    TooMany,
}

impl EndReason {
    /// The word that stands in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::Administrator => "administrator",
            Self::PasswordChanged => "password_changed",
            Self::EmailChangeUndone => "email_change_undone",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::Protection => "protection",
            Self::User => "user",
            Self::DeletionRequested => "deletion_requested",
            Self::TooMany => "too_many",
        }
    }
}

/// Signs out whoever `identity` is: ends its session, or, where the token has none because the Flask
/// application made it, the token itself. On return no replica that has read the feed accepts it.
///
/// # Errors
/// [`Error::ApiKeyNotAllowed`] for an API key: it is ended by [`api_key::revoke`](crate::api_key::revoke).
pub async fn log_out(doorward: &Doorward, identity: &Identity) -> Result<(), Error> {
    if identity.kind == CredentialKind::ApiKey {
        return Err(Error::ApiKeyNotAllowed);
    }
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let user = UserId(identity.user_id);
    let event = Event::of(EventKind::LoggedOut, user).with("session", identity.session_id.map(|id| id.to_string()));
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let published = match identity.session_id {
        Some(id) => {
            mark_ended(&transaction, Column::Id.eq(id.to_string()), EndReason::LoggedOut, now).await?;
            revocation::session_within(doorward, &transaction, user, id, now).await?
        }
        None => revocation::token_within(&transaction, user, identity.token_id, identity.expires_at, now).await?,
    };
    transaction.commit().await?;
    doorward.apply(&published);
    doorward.announce(&recorded);
    Ok(())
}

/// Ends one session, for whatever reason.
pub async fn end(doorward: &Doorward, id: SessionId, reason: EndReason) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    let session = Entity::find_by_id(id.to_string()).one(&transaction).await?.ok_or(Error::SessionNotFound)?;
    let now = doorward.now();
    let event = Event::of(EventKind::SessionEnded, session.user_id)
        .with("session", session.id.as_str())
        .with("reason", reason.word());
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let published = end_within(doorward, &transaction, &session, reason, now).await?;
    transaction.commit().await?;
    doorward.apply_all(&published);
    doorward.announce(&recorded);
    Ok(())
}

/// Ends every session and token of a user. Answers how many sessions were alive.
pub async fn end_all(doorward: &Doorward, user: UserId, reason: EndReason) -> Result<u64, Error> {
    let transaction = doorward.database().begin().await?;
    let now = doorward.now();
    let event = Event::of(EventKind::SessionsEnded, user).with("reason", reason.word());
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let (ended, published) = end_all_within(&transaction, user, reason, now).await?;
    transaction.commit().await?;
    doorward.apply(&published);
    doorward.announce(&recorded);
    Ok(ended)
}

/// Voids everything that a user has to show: sessions, their tokens, and tokens of the Flask
/// application. Answers how many sessions were alive, and what to apply after the commit.
pub async fn end_all_within(
    transaction: &Transaction,
    user: UserId,
    reason: EndReason,
    now: StoredTime,
) -> Result<(u64, Published), Error> {
    let newest = Entity::find()
        .filter(Column::UserId.eq(user))
        .order_by_desc(Column::Id)
        .one(transaction)
        .await?
        .and_then(|session| session.id.parse::<SessionId>().ok());
    // A session of this very millisecond, or of a replica whose clock is ahead, ends too.
    let until = newest.map_or(now, |id| now.max(StoredTime::from_unix_ms(id.created_ms())));
    user::Entity::update_many()
        .col_expr(user::Column::TokensValidAfter, Expr::value(until))
        .filter(user::Column::Id.eq(user))
        .exec(transaction)
        .await?;
    let ended = mark_ended(transaction, Column::UserId.eq(user), reason, now).await?;
    let published = revocation::user_within(transaction, user, until, now).await?;
    Ok((ended, published))
}

pub(crate) async fn end_within(
    doorward: &Doorward,
    transaction: &Transaction,
    session: &Session,
    reason: EndReason,
    now: StoredTime,
) -> Result<Option<Published>, Error> {
    mark_ended(transaction, Column::Id.eq(session.id.as_str()), reason, now).await?;
    let Ok(id) = session.id.parse() else { return Ok(None) };
    revocation::session_within(doorward, transaction, session.user_id, id, now).await.map(Some)
}

pub(super) async fn mark_ended(
    transaction: &Transaction,
    which: impl Into<sea_orm::sea_query::Expr>,
    reason: EndReason,
    now: StoredTime,
) -> Result<u64, Error> {
    let which: Expr = which.into();
    let result = Entity::update_many()
        .col_expr(Column::EndedAt, Expr::value(now))
        .col_expr(Column::EndReason, Expr::value(reason.word()))
        .filter(which)
        .filter(Column::EndedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(result.rows_affected)
}
