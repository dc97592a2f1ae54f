use std::collections::BTreeSet;

use sea_orm::{ActiveValue::Set, Condition, IntoActiveModel, QueryOrder, QuerySelect, entity::prelude::*};

use super::{ApiKeyRow, Column, CreatedApiKey, Entity, create::create_within};
use crate::{Doorward, Error, database::UserId, revocation, user};

/// The longest overlap, in seconds: a year.
const LONGEST_OVERLAP: u64 = 365 * 24 * 60 * 60;

/// Makes a new key that reaches as far as all keys of the user do, and lets those end after `overlap` seconds: until then
/// both the new and the old are good, so that a program changes from one to the other without a gap.
///
/// # Errors
/// [`Error::ApiKeyNotFound`] where the user has no key that is alive; [`Error::ApiKeyLimit`].
pub async fn rotate(doorward: &Doorward, user: UserId, overlap: u64) -> Result<CreatedApiKey, Error> {
    let now = doorward.now();
    let overlap = i64::try_from(overlap.min(LONGEST_OVERLAP)).unwrap_or(i64::MAX);
    let end = now.plus_seconds(overlap);
    let transaction = doorward.database().begin().await?;
    // As a new key does: who rotates twice at once takes turns.
    user::Entity::find_by_id(user).lock_exclusive().one(&transaction).await?.ok_or(Error::UserNotFound)?;
    let old = Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::RevokedAt.is_null())
        .filter(Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now)))
        .order_by_desc(Column::Id)
        .all(&transaction)
        .await?;
    let newest = old.first().ok_or(Error::ApiKeyNotFound)?;
    let name = newest.name.clone();
    // The new key lives as long as the newest was made to.
    let expires_at = newest.expires_at.map(|old_end| now.plus_seconds(old_end.unix() - newest.created_at.unix()));
    let scopes: BTreeSet<String> = old.iter().flat_map(|key| key.scopes().map(str::to_owned)).collect();
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    for key in old {
        if key.expires_at.is_none_or(|old_end| old_end > end) {
            end_at(&transaction, key, end).await?;
        }
    }
    let made = create_within(doorward, &transaction, user, &name, &scopes, expires_at, now).await;
    let (created, recorded) = made?;
    // Whoever remembers the old keys reads their rows again, and finds their new end.
    let published = revocation::roles_within(doorward, &transaction, user, now).await?;
    transaction.commit().await?;
    doorward.apply(&published);
    doorward.announce(&recorded);
    Ok(created)
}

async fn end_at(
    transaction: &crate::database::Transaction,
    key: ApiKeyRow,
    end: crate::database::StoredTime,
) -> Result<(), Error> {
    let mut row = key.into_active_model();
    row.expires_at = Set(Some(end));
    row.update(transaction).await?;
    Ok(())
}
