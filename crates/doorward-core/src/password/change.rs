use doorward_guard::{Denied, Identity};

use super::{
    NewPassword, check_new, hash_new,
    replace::{Replacement, replace_within},
};
use crate::{
    Doorward, Error,
    database::UserId,
    event::EventKind,
    session::{self, EndReason, LoggedIn},
    user::{self, User},
};

/// Puts another password in the place of the caller's own. Every session and token ends, on every replica, and
/// one session is begun in the place of the caller's: whoever else was signed in is not any more.
///
/// # Errors
/// Those of [`session::require_recent_proof`]; [`Error::Invalid`] says of `new_password` why it is no good one.
pub async fn change(
    doorward: &Doorward,
    identity: &Identity,
    present: Option<&str>,
    new: NewPassword,
) -> Result<LoggedIn, Error> {
    session::require_recent_proof(doorward, identity, present).await?;
    let id = UserId(identity.user_id);
    let user = user::find_by_id(doorward.database().reads(), id).await?.ok_or(Denied::UserUnknown)?;
    check_new(doorward, "new_password", &new, &user.described()).await?;
    let hash = hash_new(doorward, new).await?;

    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let user = user::find_by_id(&transaction, id)
        .await?
        .filter(|user: &User| user.is_enabled(now))
        .ok_or(Denied::UserUnknown)?;
    let replacement = Replacement { kind: EventKind::PasswordChanged, must_change: false };
    let recorded = replace_within(doorward, &transaction, &user, hash, replacement, now).await?;
    let (_, revoked) = session::end_all_within(&transaction, id, EndReason::PasswordChanged, now).await?;
    let renewed = session::renew_within(doorward, &transaction, id, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(renewed)
}
