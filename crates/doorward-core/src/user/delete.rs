use sea_orm::entity::prelude::*;

use super::{Entity, find_by_id};
use crate::{
    Doorward, Error,
    audit::{self, Recorded},
    database::{StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    revocation::Published,
    role, session,
};

/// Deletes the user. A trigger of the `users` table takes sessions, refresh tokens and roles along,
/// as it does when another application deletes the row.
///
/// # Errors
/// [`Error::LastAdministrator`] where nobody would be left to administer.
pub async fn delete(doorward: &Doorward, id: UserId) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    let now = doorward.now();
    role::keep_an_administrator(&transaction, id, now).await?;
    if find_by_id(&transaction, id).await?.is_none() {
        return Err(Error::UserNotFound);
    }
    let (recorded, revoked) = delete_within(doorward, &transaction, id, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(())
}

/// The same inside a transaction that does more and has looked at the administrators.
pub(super) async fn delete_within(
    doorward: &Doorward,
    transaction: &Transaction,
    id: UserId,
    now: StoredTime,
) -> Result<(Recorded, Published), Error> {
    let recorded = audit::append_within(doorward, transaction, Event::of(EventKind::Deleted, id), now).await?;
    let reason = session::EndReason::Deleted;
    let (_, revoked) = session::end_all_within(transaction, id, reason, now).await?;
    Entity::delete_by_id(id).exec(transaction).await?;
    Ok((recorded, revoked))
}
