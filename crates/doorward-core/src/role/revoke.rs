use sea_orm::entity::prelude::*;

use super::{ADMIN, Assignments, keep_an_administrator};
use crate::{
    Doorward, Error, audit,
    database::UserId,
    event::{Event, EventKind},
    revocation, user,
};

/// Takes a role from the user. It counts in every token of theirs within a second. Answers whether
/// the user had it.
///
/// # Errors
/// [`Error::LastAdministrator`] where nobody would be left to administer.
pub async fn revoke(doorward: &Doorward, id: UserId, role: &str) -> Result<bool, Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    if role == ADMIN {
        keep_an_administrator(&transaction, id, now).await?;
    }
    if user::find_by_id(&transaction, id).await?.is_none() {
        return Err(Error::UserNotFound);
    }
    let removed = Assignments::delete_by_id((id, role.to_owned())).exec(&transaction).await?;
    if removed.rows_affected == 0 {
        return Ok(false);
    }
    let event = Event::of(EventKind::RoleRevoked, id).with("role", role);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let changed = revocation::roles_within(doorward, &transaction, id, now).await?;
    transaction.commit().await?;
    doorward.apply(&changed);
    doorward.announce(&recorded);
    Ok(true)
}
