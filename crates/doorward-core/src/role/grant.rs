use sea_orm::{ActiveValue::Set, QuerySelect, entity::prelude::*, sea_query::OnConflict};

use super::{AssignmentColumn, Assignments, Entity, entity::assignment};
use crate::{
    Doorward, Error, audit,
    database::{StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    revocation, user,
};

/// Gives the user a role. It counts in every token of theirs within a second. Answers whether the
/// user did not have it before.
pub async fn grant(doorward: &Doorward, id: UserId, role: &str) -> Result<bool, Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    if user::find_by_id(&transaction, id).await?.is_none() {
        return Err(Error::UserNotFound);
    }
    if !grant_within(&transaction, id, role, now).await? {
        return Ok(false);
    }
    let event = Event::of(EventKind::RoleGranted, id).with("role", role);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let changed = revocation::roles_within(doorward, &transaction, id, now).await?;
    transaction.commit().await?;
    doorward.apply(&changed);
    doorward.announce(&recorded);
    Ok(true)
}

/// The same inside a transaction that does more, for a user without tokens yet.
pub async fn grant_within(transaction: &Transaction, id: UserId, role: &str, now: StoredTime) -> Result<bool, Error> {
    // Shared, so that the role isn't deleted beneath it.
    if Entity::find_by_id(role.to_owned()).lock_shared().one(transaction).await?.is_none() {
        return Err(Error::RoleNotFound);
    }
    let row = assignment::ActiveModel { user_id: Set(id), role: Set(role.to_owned()), granted_at: Set(now) };
    let result = Assignments::insert(row)
        .try_insert()
        .on_conflict(OnConflict::columns([AssignmentColumn::UserId, AssignmentColumn::Role]).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    Ok(result > 0)
}
