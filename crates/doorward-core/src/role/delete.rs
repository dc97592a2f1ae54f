use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*, sea_query::LockType};

use super::{ADMIN, AssignmentColumn, Assignments, Grants, entity::permission, permission::reload_soon};
use crate::{
    Doorward, Error, audit,
    database::UserId,
    event::{Event, EventKind},
    revocation,
};

/// What happens to a role that users have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InUse {
    /// It stays, and the caller is told.
    Refuse,
    /// It is taken from all of them.
    TakeAway,
}

/// Deletes a role. Answers from how many users it was taken.
///
/// # Errors
/// [`Error::RoleProtected`] for the role that administers; [`Error::RoleInUse`] where users have it and
/// it was not said to take it away.
pub async fn delete(doorward: &Doorward, role: &str, in_use: InUse) -> Result<u64, Error> {
    if role == ADMIN {
        return Err(Error::RoleProtected);
    }
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    // Nobody is granted it from here on: a grant waits for this row.
    let found = super::Entity::find_by_id(role.to_owned()).lock(LockType::Update).one(&transaction).await?;
    if found.is_none() {
        return Err(Error::RoleNotFound);
    }
    let holders = Assignments::find()
        .select_only()
        .column(AssignmentColumn::UserId)
        .filter(AssignmentColumn::Role.eq(role))
        .order_by_asc(AssignmentColumn::UserId)
        .into_tuple::<UserId>()
        .all(&transaction)
        .await?;
    if !holders.is_empty() && in_use == InUse::Refuse {
        return Err(Error::RoleInUse);
    }
    Assignments::delete_many().filter(AssignmentColumn::Role.eq(role)).exec(&transaction).await?;
    Grants::delete_many().filter(permission::Column::Role.eq(role)).exec(&transaction).await?;
    super::Entity::delete_by_id(role.to_owned()).exec(&transaction).await?;
    let taken = holders.len() as u64;
    let event = Event::of_nobody(EventKind::RoleDeleted).with("role", role).with("taken_from", taken);
    let mut recorded = vec![audit::append_within(doorward, &transaction, event, now).await?];
    for holder in &holders {
        let event = Event::of(EventKind::RoleRevoked, *holder).with("role", role);
        recorded.push(audit::append_within(doorward, &transaction, event, now).await?);
    }
    let mut changed = Vec::with_capacity(holders.len() + 1);
    for holder in &holders {
        changed.push(revocation::roles_within(doorward, &transaction, *holder, now).await?);
    }
    changed.push(revocation::permissions_within(&transaction, now).await?);
    transaction.commit().await?;
    doorward.apply_all(&changed);
    reload_soon(doorward).await;
    doorward.announce_all(&recorded);
    Ok(taken)
}
