use sea_orm::{ActiveValue::Set, entity::prelude::*};
use tokio::time::Instant;

use super::pending;
use crate::{
    Actor, Doorward, Error, audit,
    audit::Recorded,
    database::{StoredTime, Transaction},
    event::{Event, EventKind},
    one_time_code::{self, Purpose, Redeemed},
    session, throttle,
    user::{self, ActiveModel},
};

/// Confirms an address by the link that was mailed to it.
///
/// # Errors
/// [`Error::CodeInvalid`] where the link is none, used, or over, or another account has the address by now.
pub async fn confirm_by_link(doorward: &Doorward, token: &str) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let redeemed = one_time_code::redeem_link_within(doorward, &transaction, Purpose::ConfirmEmail, token).await?;
    let Some(redeemed) = redeemed else {
        transaction.commit().await?;
        // Or the new address of an account that is there.
        return user::confirm_new_email(doorward, token).await.map(drop);
    };
    let recorded = confirm_within(doorward, &transaction, redeemed, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}

/// Confirms an address by the code that was mailed to it. Every failure is the same answer at the same
/// distance from the request's arrival: it says nothing of who has registered.
///
/// # Errors
/// [`Error::CodeInvalid`] where the code is wrong, used, over, or was tried too often.
pub async fn confirm_by_code(doorward: &Doorward, email: &str, code: &str, arrived: Instant) -> Result<(), Error> {
    let result = attempt_by_code(doorward, email, code).await;
    if matches!(result, Err(Error::CodeInvalid)) {
        session::wait_out(doorward, arrived).await;
    }
    result
}

async fn attempt_by_code(doorward: &Doorward, email: &str, code: &str) -> Result<(), Error> {
    if user::check_email(email).is_err() {
        return Err(Error::CodeInvalid);
    }
    throttle::count_request(doorward, throttle::Purpose::Code, &user::email_key(email)).await?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    // Whoever registered with this address; a code is good for one of them only.
    for user in pending::waiting_for(&transaction, email, now).await? {
        let redeemed =
            one_time_code::redeem_typed_within(doorward, &transaction, Purpose::ConfirmEmail, user.id, code).await?;
        if let Some(redeemed) = redeemed {
            let recorded = confirm_within(doorward, &transaction, redeemed, now).await?;
            transaction.commit().await?;
            doorward.announce(&recorded);
            return Ok(());
        }
    }
    // The tries count.
    transaction.commit().await?;
    confirm_change_by_code(doorward, email, code).await
}

/// The new address of an account that is there: of whoever asked for this address, the one whose code it is.
async fn confirm_change_by_code(doorward: &Doorward, email: &str, code: &str) -> Result<(), Error> {
    let reads = doorward.database().reads();
    for user in one_time_code::asked_for(reads, Purpose::ChangeEmail, email).await? {
        match user::confirm_new_email_typed(doorward, user, code).await {
            Err(Error::CodeInvalid) => {}
            other => return other.map(drop),
        }
    }
    Err(Error::CodeInvalid)
}

async fn confirm_within(
    doorward: &Doorward,
    transaction: &Transaction,
    redeemed: Redeemed,
    now: StoredTime,
) -> Result<Recorded, Error> {
    let user = pending::lock(transaction, redeemed.user_id, now).await?.ok_or(Error::CodeInvalid)?;
    let address = user.pending_email.filter(|pending| redeemed.email.as_deref() == Some(&**pending));
    let address = address.ok_or(Error::CodeInvalid)?;
    if user::is_email_unkeyed(transaction, &address).await? {
        return Err(Error::CodeInvalid);
    }
    let mut row = ActiveModel {
        id: Set(user.id),
        confirmed: Set(Some(true)),
        confirm_by: Set(None),
        pending_email: Set(None),
        pending_email_key: Set(None),
        ..Default::default()
    };
    user::give_address(&mut row, &address);
    row.update(transaction).await.map_err(|error| match user::taken(&error, true) {
        Some(_) => Error::CodeInvalid,
        None => error.into(),
    })?;
    // Whoever reads the mail has just shown who they are.
    let acting = doorward.acting_as(Actor::User(user.id));
    audit::append_within(&acting, transaction, Event::of(EventKind::EmailConfirmed, user.id), now).await
}
