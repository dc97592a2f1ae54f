use doorward_guard::SessionId;
use sea_orm::{QuerySelect, entity::prelude::*};

use super::{
    Column, EndReason, Entity,
    end::{end_within, mark_ended},
};
use crate::{
    Doorward, Error, audit,
    database::UserId,
    event::{Event, EventKind},
    revocation,
};

/// Ends a session of this user.
///
/// # Errors
/// [`Error::SessionNotFound`] where the user has no such session that is alive: another's answers likewise.
pub async fn end_own(doorward: &Doorward, user: UserId, id: SessionId) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let session = Entity::find_by_id(id.to_string()).filter(Column::UserId.eq(user)).lock_exclusive().one(&transaction);
    let session = session.await?.filter(|session| session.ended_at.is_none() && session.expires_at > now);
    let session = session.ok_or(Error::SessionNotFound)?;
    let event = Event::of(EventKind::SessionEnded, user)
        .with("session", session.id.as_str())
        .with("reason", EndReason::User.word());
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let published = end_within(doorward, &transaction, &session, EndReason::User, now).await?;
    transaction.commit().await?;
    doorward.apply_all(&published);
    doorward.announce(&recorded);
    Ok(())
}

/// Ends every session of this user but `kept`. Answers how many.
pub async fn end_others(doorward: &Doorward, user: UserId, kept: Option<SessionId>) -> Result<u64, Error> {
    let now = doorward.now();
    let kept = kept.map(|id| id.to_string()).unwrap_or_default();
    let transaction = doorward.database().begin().await?;
    let others = Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::Id.ne(kept.as_str()))
        .filter(Column::EndedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .lock_exclusive()
        .all(&transaction)
        .await?;
    if others.is_empty() {
        return Ok(0);
    }
    let which = Column::Id.is_in(others.iter().map(|session| session.id.as_str()));
    let ended = mark_ended(&transaction, which, EndReason::User, now).await?;
    let event = Event::of(EventKind::SessionsEnded, user)
        .with("reason", EndReason::User.word())
        .with("ended", ended)
        .with("kept", kept);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let mut published = Vec::with_capacity(others.len());
    for id in others.iter().filter_map(|session| session.id.parse().ok()) {
        published.push(revocation::session_within(doorward, &transaction, user, id, now).await?);
    }
    transaction.commit().await?;
    doorward.apply_all(&published);
    doorward.announce(&recorded);
    Ok(ended)
}
