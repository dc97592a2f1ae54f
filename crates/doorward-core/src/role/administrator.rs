use sea_orm::{QuerySelect, entity::prelude::*};

use super::{ADMIN, AssignmentColumn, Assignments, Entity};
use crate::{
    Error,
    database::{Transaction, UserId},
    user,
};

/// Refuses what would leave nobody to administer once `leaving` no longer counts. Writers that ask
/// this take turns until they commit, so that two can't remove each other's last companion.
pub async fn keep_an_administrator(
    transaction: &Transaction,
    leaving: UserId,
) -> Result<(), Error> {
    // On SQLite the transaction itself is the only writer.
    Entity::find_by_id(ADMIN.to_owned()).lock_exclusive().one(transaction).await?;
    let administrators: Vec<UserId> = Assignments::find()
        .filter(AssignmentColumn::Role.eq(ADMIN))
        .all(transaction)
        .await?
        .into_iter()
        .map(|assignment| assignment.user_id)
        .collect();
    if !administrators.contains(&leaving) {
        return Ok(());
    }
    let others = user::Entity::find()
        .filter(user::Column::Id.is_in(administrators))
        .filter(user::Column::Id.ne(leaving))
        .filter(user::Column::DisabledAt.is_null())
        .one(transaction)
        .await?;
    if others.is_some() { Ok(()) } else { Err(Error::LastAdministrator) }
}
