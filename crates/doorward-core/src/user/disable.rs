use sea_orm::{ActiveValue::Set, Condition, QueryOrder, QuerySelect, entity::prelude::*};

use super::{ActiveModel, Column, Entity, find_by_id};
use crate::{
    Doorward, Error, FieldProblem, audit,
    audit::Recorded,
    database::{StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    role, session,
};

/// The width of the column `disabled_reason`, in characters.
const REASON_WIDTH: usize = 256;

/// Accounts enabled again at a time.
const BATCH: u64 = 100;

/// How an account is disabled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disabling {
    /// Why, for administrators.
    pub reason: Option<String>,
    /// When it ends by itself; never without.
    pub until: Option<StoredTime>,
}

/// Keeps the user from signing in, and ends every session and token of theirs.
///
/// # Errors
/// [`Error::LastAdministrator`] where nobody would be left to administer.
pub async fn disable(doorward: &Doorward, id: UserId) -> Result<(), Error> {
    disable_with(doorward, id, Disabling::default()).await
}

/// The same for a reason, and for a time. Of an account that is disabled already, reason and time change.
///
/// # Errors
/// [`Error::Invalid`] names `reason` or `until`; [`Error::LastAdministrator`] where nobody would be left
/// to administer, if only for a while.
pub async fn disable_with(doorward: &Doorward, id: UserId, how: Disabling) -> Result<(), Error> {
    let now = doorward.now();
    check(&how, now)?;
    let transaction = doorward.database().begin().await?;
    role::keep_an_administrator(&transaction, id, now).await?;
    let user = find_by_id(&transaction, id).await?.ok_or(Error::UserNotFound)?;
    let since = if user.is_enabled(now) { Some(now) } else { user.disabled_at };
    let event = Event::of(EventKind::Disabled, id)
        .with("reason", how.reason.clone())
        .with("until", how.until.map(|until| until.utc().to_rfc3339()));
    ActiveModel {
        id: Set(id),
        disabled_at: Set(since),
        disabled_until: Set(how.until),
        disabled_reason: Set(how.reason.map(Into::into)),
        ..Default::default()
    }
    .update(&transaction)
    .await?;
    let reason = session::EndReason::Disabled;
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let (_, revoked) = session::end_all_within(&transaction, id, reason, now).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(())
}

fn check(how: &Disabling, now: StoredTime) -> Result<(), Error> {
    if let Some(reason) = &how.reason {
        if reason.chars().count() > REASON_WIDTH {
            return Err(Error::field("reason", FieldProblem::TooLong { most: REASON_WIDTH, unit: "characters" }));
        }
        if reason.chars().any(char::is_control) {
            return Err(Error::field("reason", FieldProblem::InvalidCharacters));
        }
    }
    if how.until.is_some_and(|until| until <= now) {
        return Err(Error::field("until", FieldProblem::OutOfRange));
    }
    Ok(())
}

/// Lets a disabled user sign in again. What was ended stays ended.
pub async fn enable(doorward: &Doorward, id: UserId) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    if find_by_id(&transaction, id).await?.is_none() {
        return Err(Error::UserNotFound);
    }
    let recorded = enable_within(doorward, &transaction, id, doorward.now()).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}

async fn enable_within(
    doorward: &Doorward,
    transaction: &Transaction,
    id: UserId,
    now: StoredTime,
) -> Result<Recorded, Error> {
    ActiveModel {
        id: Set(id),
        disabled_at: Set(None),
        disabled_until: Set(None),
        disabled_reason: Set(None),
        ..Default::default()
    }
    .update(transaction)
    .await?;
    audit::append_within(doorward, transaction, Event::of(EventKind::Enabled, id), now).await
}

/// Who may sign in at `now`, as a condition on `users`: [`super::User::is_enabled`] for the database.
pub(crate) fn enabled_at(now: StoredTime) -> Condition {
    let not_disabled = Condition::any().add(Column::DisabledAt.is_null()).add(Column::DisabledUntil.lte(now));
    Condition::all().add(not_disabled).add(Column::DeleteAfter.is_null())
}

/// Enables, and writes to the audit, those whose time is over. They could sign in since then already.
pub async fn end_disablings(doorward: &Doorward) -> Result<(), Error> {
    loop {
        let now = doorward.now();
        let over = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::DisabledUntil.lte(now))
            .order_by_asc(Column::DisabledUntil)
            .limit(BATCH)
            .into_tuple::<UserId>()
            .all(doorward.database().reads())
            .await?;
        for id in &over {
            end_disabling(doorward, *id, now).await?;
        }
        if (over.len() as u64) < BATCH {
            return Ok(());
        }
    }
}

/// One transaction each: replicas do this at once, and a lock on many rows would make them wait.
async fn end_disabling(doorward: &Doorward, id: UserId, now: StoredTime) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    let still =
        Entity::find_by_id(id).filter(Column::DisabledUntil.lte(now)).lock_exclusive().one(&transaction).await?;
    if still.is_none() {
        return Ok(());
    }
    let recorded = enable_within(doorward, &transaction, id, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}
