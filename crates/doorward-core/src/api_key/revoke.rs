use doorward_guard::SessionId;
use sea_orm::{ActiveValue::Set, Condition, IntoActiveModel, QuerySelect, entity::prelude::*};

use super::{Column, Entity};
use crate::{
    Doorward, Error, audit,
    database::UserId,
    event::{Event, EventKind},
    revocation,
    token::ROW_MEMORY_SECONDS,
};

/// Ends an API key of this user. It opens no door from then on, within a second on every replica.
///
/// # Errors
/// [`Error::ApiKeyNotFound`] where the user has no such key that is alive: another's answers likewise.
pub async fn revoke(doorward: &Doorward, user: UserId, id: &str) -> Result<(), Error> {
    let id: SessionId = id.parse().map_err(|_| Error::ApiKeyNotFound)?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let row = Entity::find_by_id(id.to_string()).filter(Column::UserId.eq(user)).lock_exclusive().one(&transaction);
    let row = row.await?.filter(|row| row.revoked_at.is_none()).ok_or(Error::ApiKeyNotFound)?;
    let event = Event::of(EventKind::ApiKeyRevoked, user)
        .with("api_key", row.id.as_str())
        .with("shown", row.shown.as_str())
        .with("name", row.name.as_str());
    let hash: Result<[u8; 32], _> = row.key_hash.as_slice().try_into();
    let mut row = row.into_active_model();
    row.revoked_at = Set(Some(now));
    row.update(&transaction).await?;
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    // Whoever remembers the row reads it again by then, and finds that it was ended.
    let forgotten_at = now.unix() + ROW_MEMORY_SECONDS;
    let hash = hash.map_err(|_| Error::Internal("an API key's hash is not 32 bytes long".into()))?;
    let published = revocation::token_within(&transaction, user, hash, forgotten_at, now).await?;
    transaction.commit().await?;
    doorward.apply(&published);
    doorward.announce(&recorded);
    Ok(())
}

/// How long a key that is over stays, in seconds.
const REMEMBER_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Deletes keys that were over long ago.
pub async fn delete_outdated(doorward: &Doorward) -> Result<(), Error> {
    let long_ago = doorward.now().plus_seconds(-REMEMBER_SECONDS);
    let transaction = doorward.database().begin().await?;
    Entity::delete_many()
        .filter(Condition::any().add(Column::ExpiresAt.lt(long_ago)).add(Column::RevokedAt.lt(long_ago)))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}
