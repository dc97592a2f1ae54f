use sea_orm::{ActiveValue::Set, QueryOrder, QuerySelect, entity::prelude::*};
use serde_json::Map;

use super::{ActiveModel, Column, Entity, User, delete::delete_within};
use crate::{
    Doorward, Error,
    audit::{self, Recorded},
    database::{StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    mail::{self, Mail, Template},
    one_time_code::{self, Lifetimes, Purpose},
    role,
    session::{self, EndReason},
};

/// How many accounts one round of housekeeping deletes at most.
const BATCH: u64 = 500;

/// Deletes the account for its user: at once, or, where `account.deletion_grace` says so, after a time in which
/// it can't sign in and a mailed link calls the deletion off. Answers when; `None` for at once. Who asks must
/// have proved who they are: see [`session::require_recent_proof`].
///
/// # Errors
/// [`Error::LastAdministrator`] where nobody would be left to administer.
pub async fn request_deletion(doorward: &Doorward, id: UserId) -> Result<Option<StoredTime>, Error> {
    let grace = i64::try_from(doorward.settings().account.deletion_grace).unwrap_or(i64::MAX);
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    role::keep_an_administrator(&transaction, id, now).await?;
    let user = Entity::find_by_id(id).lock_exclusive().one(&transaction).await?.ok_or(Error::UserNotFound)?;
    if grace == 0 {
        delete_and_tell(doorward, transaction, &user, now).await?;
        return Ok(None);
    }
    let delete_after = user.delete_after.unwrap_or(now.plus_seconds(grace));
    ActiveModel { id: Set(id), delete_after: Set(Some(delete_after)), ..Default::default() }
        .update(&transaction)
        .await?;
    let when = delete_after.utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    if let Some(email) = &user.email {
        let lifetimes = Lifetimes { link_seconds: grace, typed_seconds: None };
        let code =
            one_time_code::issue_within(doorward, &transaction, id, Purpose::CancelDeletion, Some(&email.0), lifetimes)
                .await?;
        let variables = Map::from_iter([
            ("when".to_owned(), when.clone().into()),
            ("link".to_owned(), mail::link(doorward, "/account/deletion/cancel", &code.link_token).into()),
        ]);
        tell_within(doorward, &transaction, &user, Template::DeletionRequested, variables, now).await?;
    }
    let event = Event::of(EventKind::DeletionRequested, id).with("delete_after", when);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let (_, revoked) = session::end_all_within(&transaction, id, EndReason::DeletionRequested, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(Some(delete_after))
}

/// Calls a deletion off by the token of the mailed link. The user can sign in again; what was ended stays so.
///
/// # Errors
/// [`Error::CodeInvalid`] where the token is none, used, or over.
pub async fn cancel_deletion(doorward: &Doorward, token: &str) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let redeemed = one_time_code::redeem_link_within(doorward, &transaction, Purpose::CancelDeletion, token).await?;
    let id = redeemed.ok_or(Error::CodeInvalid)?.user_id;
    let user = Entity::find_by_id(id).lock_exclusive().one(&transaction).await?;
    user.filter(|user| user.delete_after.is_some()).ok_or(Error::CodeInvalid)?;
    let recorded = call_off_within(doorward, &transaction, id, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}

/// The same by an administrator, for a user without the mail. Answers whether a deletion was pending.
///
/// # Errors
/// [`Error::UserNotFound`], once the time is over too.
pub async fn undelete(doorward: &Doorward, id: UserId) -> Result<bool, Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let user = Entity::find_by_id(id).lock_exclusive().one(&transaction).await?.ok_or(Error::UserNotFound)?;
    if user.delete_after.is_none() {
        return Ok(false);
    }
    one_time_code::withdraw_within(&transaction, id, Purpose::CancelDeletion).await?;
    let recorded = call_off_within(doorward, &transaction, id, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(true)
}

async fn call_off_within(
    doorward: &Doorward,
    transaction: &Transaction,
    id: UserId,
    now: StoredTime,
) -> Result<Recorded, Error> {
    ActiveModel { id: Set(id), delete_after: Set(None), ..Default::default() }.update(transaction).await?;
    audit::append_within(doorward, transaction, Event::of(EventKind::DeletionCancelled, id), now).await
}

/// Deletes the accounts whose time has come. Of several replicas that do it at once, each account is deleted by
/// one. Answers how many.
pub async fn delete_due(doorward: &Doorward) -> Result<u64, Error> {
    let now = doorward.now();
    let due = Entity::find()
        .filter(Column::DeleteAfter.lte(now))
        .order_by_asc(Column::DeleteAfter)
        .limit(BATCH)
        .all(doorward.database().reads())
        .await?;
    let mut deleted = 0;
    for user in due {
        let transaction = doorward.database().begin().await?;
        match role::keep_an_administrator(&transaction, user.id, now).await {
            Err(Error::LastAdministrator) => {
                tracing::warn!(user = user.id.0, "the last administrator asked to be deleted, and stays");
                continue;
            }
            other => other?,
        }
        // Called off, or deleted by another replica, since it was read.
        let user = Entity::find_by_id(user.id).lock_exclusive().one(&transaction).await?;
        if let Some(user) = user.filter(|user| user.delete_after.is_some_and(|due| due <= now)) {
            delete_and_tell(doorward, transaction, &user, now).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

async fn delete_and_tell(
    doorward: &Doorward,
    transaction: Transaction,
    user: &User,
    now: StoredTime,
) -> Result<(), Error> {
    tell_within(doorward, &transaction, user, Template::Deleted, Map::new(), now).await?;
    let (recorded, revoked) = delete_within(doorward, &transaction, user.id, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(())
}

async fn tell_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: &User,
    template: Template,
    variables: Map<String, serde_json::Value>,
    now: StoredTime,
) -> Result<(), Error> {
    let Some(email) = &user.email else { return Ok(()) };
    let language = user.language.as_deref().unwrap_or("en");
    let mail = Mail { user_id: Some(user.id), recipient: &email.0, template, language, variables };
    mail::enqueue_within(doorward, transaction, mail, now).await
}
