use sea_orm::entity::prelude::*;

use super::{Entity, find_by_id};
use crate::{Doorward, Error, database::UserId, revocation, role};

/// Deletes the user. A trigger of the `users` table takes sessions, refresh tokens and roles along,
/// as it does when another application deletes the row.
///
/// # Errors
/// [`Error::LastAdministrator`] where nobody would be left to administer.
pub async fn delete(doorward: &Doorward, id: UserId) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    role::keep_an_administrator(&transaction, id).await?;
    if find_by_id(&transaction, id).await?.is_none() {
        return Err(Error::UserNotFound);
    }
    Entity::delete_by_id(id).exec(&transaction).await?;
    let revoked = revocation::user_within(doorward, &transaction, id, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    Ok(())
}
