use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{ActiveModel, find_by_id};
use crate::{
    Doorward, Error, audit,
    database::UserId,
    event::{Event, EventKind},
    role, session,
};

/// Keeps the user from signing in, and ends every session and token of theirs.
///
/// # Errors
/// [`Error::LastAdministrator`] where nobody would be left to administer.
pub async fn disable(doorward: &Doorward, id: UserId) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    role::keep_an_administrator(&transaction, id).await?;
    if find_by_id(&transaction, id).await?.is_none() {
        return Err(Error::UserNotFound);
    }
    ActiveModel { id: Set(id), disabled_at: Set(Some(now)), ..Default::default() }.update(&transaction).await?;
    let reason = session::EndReason::Disabled;
    let recorded = audit::append_within(doorward, &transaction, Event::of(EventKind::Disabled, id), now).await?;
    let (_, revoked) = session::end_all_within(&transaction, id, reason, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(())
}

/// Lets a disabled user sign in again. What was ended stays ended.
pub async fn enable(doorward: &Doorward, id: UserId) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    if find_by_id(&transaction, id).await?.is_none() {
        return Err(Error::UserNotFound);
    }
    ActiveModel { id: Set(id), disabled_at: Set(None), ..Default::default() }.update(&transaction).await?;
    let recorded =
        audit::append_within(doorward, &transaction, Event::of(EventKind::Enabled, id), doorward.now()).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}
