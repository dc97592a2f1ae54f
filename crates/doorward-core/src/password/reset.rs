use super::{
    NewPassword, check_new, hash_new,
    replace::{Replacement, replace_within},
};
use crate::{
    Actor, Doorward, Error,
    database::StoredTime,
    event::EventKind,
    one_time_code::{self, Purpose, Redeemed},
    session::{self, EndReason},
    user::{self, User},
};

/// Chooses another password by the token of a mailed link. Every session and token of the user ends, and nobody
/// is signed in; nothing else is confirmed by it. A password that can't be taken leaves the link good.
///
/// # Errors
/// [`Error::CodeInvalid`] where the token is none, used or over, or the account has another address since, or is
/// disabled; [`Error::Invalid`] says of `new_password` why it is no good one.
pub async fn reset(doorward: &Doorward, token: &str, new: NewPassword) -> Result<(), Error> {
    let code = one_time_code::peek_link(doorward, Purpose::ResetPassword, token).await?.ok_or(Error::CodeInvalid)?;
    let user = user::find_by_id(doorward.database().reads(), code.user_id).await?;
    let user = user.filter(|user| may_be_reset(user, &code, doorward.now())).ok_or(Error::CodeInvalid)?;
    check_new(doorward, "new_password", &new, &user.described()).await?;
    let hash = hash_new(doorward, new).await?;

    // The link shows who this is, for this one thing.
    let doorward = doorward.acting_as(Actor::User(user.id));
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let code = one_time_code::redeem_link_within(&doorward, &transaction, Purpose::ResetPassword, token).await?;
    let code = code.ok_or(Error::CodeInvalid)?;
    let user = user::find_by_id(&transaction, code.user_id).await?;
    let user = user.filter(|user| may_be_reset(user, &code, now)).ok_or(Error::CodeInvalid)?;
    let replacement = Replacement { kind: EventKind::PasswordReset, must_change: false };
    let recorded = replace_within(&doorward, &transaction, &user, hash, replacement, now).await?;
    let (_, revoked) = session::end_all_within(&transaction, user.id, EndReason::PasswordChanged, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(())
}

/// Bound to the address that it was sent to: a link that went to one that is no longer the account's opens nothing.
fn may_be_reset(user: &User, code: &Redeemed, now: StoredTime) -> bool {
    user.is_enabled(now) && code.email.is_some() && user.email.as_deref() == code.email.as_deref()
}
