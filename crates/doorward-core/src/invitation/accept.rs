use sea_orm::{ConnectionTrait, QuerySelect, Select, entity::prelude::*, sea_query::Expr};

use super::{Column, Entity, Invitation};
use crate::{
    Error,
    database::{StoredTime, Transaction, UserId},
    one_time_code::LinkToken,
};

/// The invitation that `code` opens at `now`.
pub(crate) async fn find_usable(
    connection: &impl ConnectionTrait,
    code: &str,
    now: StoredTime,
) -> Result<Option<Invitation>, Error> {
    let Some(query) = usable(code, now) else { return Ok(None) };
    Ok(query.one(connection).await?)
}

/// The same, held until the transaction ends: two that use it at once take turns, and the second finds none.
pub(crate) async fn lock_usable(
    transaction: &Transaction,
    code: &str,
    now: StoredTime,
) -> Result<Option<Invitation>, Error> {
    let Some(query) = usable(code, now) else { return Ok(None) };
    Ok(query.lock_exclusive().one(transaction).await?)
}

fn usable(code: &str, now: StoredTime) -> Option<Select<Entity>> {
    let code = LinkToken::parse(LinkToken::INVITATION, code)?;
    Some(
        Entity::find()
            .filter(Column::CodeHash.eq(code.hash()))
            .filter(Column::UsedAt.is_null())
            .filter(Column::ExpiresAt.gt(now)),
    )
}

/// Marks it used by `user`.
pub(crate) async fn use_up_within(
    transaction: &Transaction,
    invitation: &Invitation,
    user: UserId,
    now: StoredTime,
) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .col_expr(Column::UserId, Expr::value(user))
        .filter(Column::Id.eq(invitation.id.as_str()))
        .exec(transaction)
        .await?;
    Ok(())
}
