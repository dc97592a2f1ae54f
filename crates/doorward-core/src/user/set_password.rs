use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{ActiveModel, find_by_id};
use crate::{
    Doorward, Error, audit,
    database::UserId,
    event::{Event, EventKind},
    password::{self, NewPassword},
    session,
};

/// Sets the user's password and ends every session and token of theirs, in one transaction.
pub async fn set_password(doorward: &Doorward, id: UserId, new: NewPassword) -> Result<(), Error> {
    password::check_new(doorward.settings(), &new).map_err(|problem| Error::field("password", problem))?;
    let hash = password::hash_new(doorward, new).await?;
    let transaction = doorward.database().begin().await?;
    if find_by_id(&transaction, id).await?.is_none() {
        return Err(Error::UserNotFound);
    }
    ActiveModel { id: Set(id), password_hash: Set(Some(hash.into())), ..Default::default() }
        .update(&transaction)
        .await?;
    let now = doorward.now();
    let recorded = audit::append_within(doorward, &transaction, Event::of(EventKind::PasswordSet, id), now).await?;
    let reason = session::EndReason::PasswordChanged;
    let (_, revoked) = session::end_all_within(&transaction, id, reason, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(())
}
