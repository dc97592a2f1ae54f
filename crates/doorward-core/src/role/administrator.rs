use sea_orm::{ConnectionTrait, QuerySelect, entity::prelude::*, sea_query::Query};

use super::{ADMIN, AssignmentColumn, Assignments, Entity};
use crate::{
    Error,
    database::{StoredTime, Transaction, UserId},
    user,
};

/// Whether anybody who may sign in administers.
pub async fn has_administrator(connection: &impl ConnectionTrait, now: StoredTime) -> Result<bool, Error> {
    Ok(enabled_other_than(connection, None, now).await?.is_some())
}

async fn enabled_other_than(
    connection: &impl ConnectionTrait,
    leaving: Option<UserId>,
    now: StoredTime,
) -> Result<Option<user::User>, Error> {
    let administrators = Query::select()
        .column(AssignmentColumn::UserId)
        .from(Assignments)
        .and_where(AssignmentColumn::Role.eq(ADMIN))
        .to_owned();
    let mut query =
        user::Entity::find().filter(user::Column::Id.in_subquery(administrators)).filter(user::enabled_at(now));
    if let Some(leaving) = leaving {
        query = query.filter(user::Column::Id.ne(leaving));
    }
    Ok(query.one(connection).await?)
}

/// Refuses what would leave nobody to administer once `leaving` no longer counts. Writers that ask
/// this take turns until they commit, so that two can't remove each other's last companion.
pub async fn keep_an_administrator(transaction: &Transaction, leaving: UserId, now: StoredTime) -> Result<(), Error> {
    // On SQLite the transaction itself is the only writer.
    Entity::find_by_id(ADMIN.to_owned()).lock_exclusive().one(transaction).await?;
    let is_administrator = Assignments::find_by_id((leaving, ADMIN.to_owned())).one(transaction).await?.is_some();
    if !is_administrator || enabled_other_than(transaction, Some(leaving), now).await?.is_some() {
        return Ok(());
    }
    Err(Error::LastAdministrator)
}
