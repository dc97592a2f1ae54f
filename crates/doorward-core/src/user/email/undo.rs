use super::write_within;
use crate::{
    Actor, Doorward, Error, audit,
    database::UserId,
    event::{Event, EventKind},
    one_time_code::{self, Purpose},
    password,
    session::{self, EndReason},
    user,
};

/// Gives the account its old address back, by the token of the link that was mailed there. Whoever changed it may
/// be a thief: every session and token ends, and a link to choose another password goes to the old address.
///
/// # Errors
/// [`Error::CodeInvalid`]; [`Error::EmailTaken`] where another account has got the address meanwhile.
pub async fn undo_email_change(doorward: &Doorward, token: &str) -> Result<UserId, Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let code = one_time_code::redeem_link_within(doorward, &transaction, Purpose::UndoEmail, token).await?;
    let code = code.ok_or(Error::CodeInvalid)?;
    let (Some(user), Some(email)) = (user::find_by_id(&transaction, code.user_id).await?, code.email) else {
        return Err(Error::CodeInvalid);
    };
    write_within(&transaction, &user, &email).await?;
    one_time_code::withdraw_within(&transaction, user.id, Purpose::ChangeEmail).await?;
    let acting = doorward.acting_as(Actor::User(user.id));
    let user = user::find_by_id(&transaction, user.id).await?.ok_or(Error::CodeInvalid)?;
    let event = Event::of(EventKind::EmailChangeUndone, user.id);
    let mut recorded = vec![audit::append_within(&acting, &transaction, event, now).await?];
    if user.is_enabled(now) {
        recorded.push(password::mail_link_within(&acting, &transaction, &user, now).await?);
    }
    let (_, revoked) = session::end_all_within(&transaction, user.id, EndReason::EmailChangeUndone, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce_all(&recorded);
    Ok(user.id)
}
