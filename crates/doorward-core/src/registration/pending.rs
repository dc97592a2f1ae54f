use sea_orm::{ActiveValue::Set, Condition, ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use crate::{
    Error,
    database::{StoredTime, Transaction, UserId},
    user::{self, ActiveModel, Column, Entity, User},
};

/// The most registrations of one address that are looked at.
const MOST: u64 = 20;

/// The most mails to one address within an hour for new registrations: who registers others' addresses
/// again and again doesn't fill their mailboxes.
const MOST_AN_HOUR: u64 = 5;

/// Lets `address` wait in a new row until it is confirmed, or its time is over.
pub(super) fn wait_for(row: &mut ActiveModel, address: &str, seconds: u64, now: StoredTime) {
    row.pending_email = Set(Some(address.into()));
    row.pending_email_key = Set(Some(user::email_key(address).into()));
    row.confirm_by = Set(Some(now.plus_seconds(i64::try_from(seconds).unwrap_or(i64::MAX))));
}

/// The registrations that `address` waits in at `now`, newest first.
pub(super) async fn waiting_for(
    connection: &impl ConnectionTrait,
    address: &str,
    now: StoredTime,
) -> Result<Vec<User>, Error> {
    Ok(Entity::find()
        .filter(Column::PendingEmailKey.eq(user::email_key(address)))
        .filter(is_waiting(now))
        .order_by_desc(Column::Id)
        .limit(MOST)
        .all(connection)
        .await?)
}

/// Whether `address` was registered so often within an hour that it gets no more mail for it.
pub(super) async fn is_flooded(
    connection: &impl ConnectionTrait,
    user: UserId,
    address: &str,
    now: StoredTime,
) -> Result<bool, Error> {
    let others = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::PendingEmailKey.eq(user::email_key(address)))
        .filter(Column::MemberSince.gt(now.plus_seconds(-3_600)))
        .filter(Column::Id.ne(user))
        .limit(MOST_AN_HOUR)
        .into_tuple::<UserId>()
        .all(connection)
        .await?;
    Ok(others.len() as u64 >= MOST_AN_HOUR)
}

fn is_waiting(now: StoredTime) -> Condition {
    Condition::all().add(Column::ConfirmBy.gt(now)).add(Column::PendingEmail.is_not_null())
}

/// The registration of `user`, locked, where it still waits for its address at `now`.
pub(super) async fn lock(transaction: &Transaction, user: UserId, now: StoredTime) -> Result<Option<User>, Error> {
    Ok(Entity::find_by_id(user).filter(is_waiting(now)).lock_exclusive().one(transaction).await?)
}
