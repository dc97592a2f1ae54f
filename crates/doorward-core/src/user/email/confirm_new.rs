use sea_orm::entity::prelude::*;
use serde_json::{Map, json};

use super::write_within;
use crate::{
    Actor, Doorward, Error, audit,
    database::{StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    mail::{self, Mail, Template},
    one_time_code::{self, Lifetimes, Purpose, Redeemed},
    user::{self, User},
};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Takes the new address over, by the token of the link that was mailed there. The old address is told, with a link
/// that undoes it for seven days. Answers whose it is.
///
/// # Errors
/// [`Error::CodeInvalid`]; [`Error::EmailTaken`] where another account has got the address meanwhile, which only
/// its owner is told so.
pub async fn confirm_new_email(doorward: &Doorward, token: &str) -> Result<UserId, Error> {
    let transaction = doorward.database().begin().await?;
    let code = one_time_code::redeem_link_within(doorward, &transaction, Purpose::ChangeEmail, token).await?;
    take_over(doorward, transaction, code.ok_or(Error::CodeInvalid)?).await
}

/// The same by the code that a signed-in user types.
pub async fn confirm_new_email_typed(doorward: &Doorward, user: UserId, typed: &str) -> Result<UserId, Error> {
    let transaction = doorward.database().begin().await?;
    let purpose = Purpose::ChangeEmail;
    let Some(code) = one_time_code::redeem_typed_within(doorward, &transaction, purpose, user, typed).await? else {
        // A wrong try counts by the commit.
        transaction.commit().await?;
        return Err(Error::CodeInvalid);
    };
    take_over(doorward, transaction, code).await
}

async fn take_over(doorward: &Doorward, transaction: Transaction, code: Redeemed) -> Result<UserId, Error> {
    let now = doorward.now();
    let user = user::find_by_id(&transaction, code.user_id).await?.filter(|user: &User| user.is_enabled(now));
    let (Some(user), Some(email)) = (user, code.email) else { return Err(Error::CodeInvalid) };
    write_within(&transaction, &user, &email).await?;
    // It was bound to the address that went.
    one_time_code::withdraw_within(&transaction, user.id, Purpose::ResetPassword).await?;
    tell_old_address(doorward, &transaction, &user, &email, now).await?;
    let acting = doorward.acting_as(Actor::User(user.id));
    let event = Event::of(EventKind::EmailChanged, user.id);
    let recorded = audit::append_within(&acting, &transaction, event, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(user.id)
}

/// While a change can still be undone, the address before it keeps that right, for as long as it had it: a thief
/// who changes the address twice must not shut out the owner of the first.
async fn tell_old_address(
    doorward: &Doorward,
    transaction: &Transaction,
    user: &User,
    new_email: &str,
    now: StoredTime,
) -> Result<(), Error> {
    let week = Purpose::UndoEmail.lifetimes();
    let key = (user.id, Purpose::UndoEmail.word().to_owned());
    let pending = one_time_code::Entity::find_by_id(key).one(transaction).await?;
    let pending = pending.filter(|code| code.link_expires_at > now);
    let old = user.email.as_deref().map(str::to_owned);
    let (recipient, lifetimes) = match pending {
        Some(code) => {
            let left = code.link_expires_at.unix() - now.unix();
            (code.email, Lifetimes { link_seconds: left, typed_seconds: None })
        }
        None => (old, week),
    };
    let Some(recipient) = recipient.filter(|recipient| recipient != new_email) else { return Ok(()) };
    let issued =
        one_time_code::issue_within(doorward, transaction, user.id, Purpose::UndoEmail, Some(&recipient), lifetimes)
            .await?;
    let mail = Mail {
        user_id: Some(user.id),
        recipient: &recipient,
        template: Template::EmailChanged,
        language: user.mail_language(),
        variables: Map::from_iter([
            ("link".to_owned(), json!(mail::link(doorward, "/account/email/undo", &issued.link_token))),
            ("new_email".to_owned(), json!(new_email)),
            ("days".to_owned(), json!((lifetimes.link_seconds / DAY_SECONDS).max(1))),
        ]),
    };
    mail::enqueue_within(doorward, transaction, mail, now).await
}
