use super::find_by_id;
use crate::{
    Doorward, Error,
    database::UserId,
    event::EventKind,
    password::{self, NewPassword, Replacement},
    session,
};

/// Sets the user's password and ends every session and token of theirs, in one transaction. For operators.
pub async fn set_password(doorward: &Doorward, id: UserId, new: NewPassword) -> Result<(), Error> {
    set(doorward, id, new, false).await
}

/// The same with a password for one sign-in, which must choose another.
pub async fn set_password_for_once(doorward: &Doorward, id: UserId, new: NewPassword) -> Result<(), Error> {
    set(doorward, id, new, true).await
}

async fn set(doorward: &Doorward, id: UserId, new: NewPassword, must_change: bool) -> Result<(), Error> {
    let user = find_by_id(doorward.database().reads(), id).await?.ok_or(Error::UserNotFound)?;
    password::check_new(doorward, "password", &new, &user.described()).await?;
    let hash = password::hash_new(doorward, new).await?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let user = find_by_id(&transaction, id).await?.ok_or(Error::UserNotFound)?;
    let replacement = Replacement { kind: EventKind::PasswordSet, must_change };
    let recorded = password::replace_within(doorward, &transaction, &user, hash, replacement, now).await?;
    let reason = session::EndReason::PasswordChanged;
    let (_, revoked) = session::end_all_within(&transaction, id, reason, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(())
}
