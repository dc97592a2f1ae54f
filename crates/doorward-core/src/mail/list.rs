use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, OutboxRow};
use crate::{Doorward, Error, database::StoredTime};

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Everything that is still known.
    All,
    /// What was given up.
    Failed,
}

/// The newest mails, at most `limit`.
pub async fn list(connection: &impl ConnectionTrait, which: Which, limit: u64) -> Result<Vec<OutboxRow>, Error> {
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit);
    if which == Which::Failed {
        find = find.filter(Column::FailedAt.is_not_null());
    }
    Ok(find.all(connection).await?)
}

/// Makes a mail that was given up, or waits for its next attempt, due now.
///
/// # Errors
/// [`Error::MailNotFound`] where there is none, or it was sent, or it is being sent.
pub async fn retry(doorward: &Doorward, id: i64) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let changed = Entity::update_many()
        .col_expr(Column::FailedAt, Expr::value(None::<StoredTime>))
        .col_expr(Column::DueAt, Expr::value(now))
        .col_expr(Column::GiveUpAt, Expr::value(now.plus_seconds(doorward.settings().mail.give_up_seconds())))
        .col_expr(Column::Attempts, Expr::value(0))
        .filter(Column::Id.eq(id))
        .filter(Column::SentAt.is_null())
        .filter(sea_orm::Condition::any().add(Column::LeasedUntil.is_null()).add(Column::LeasedUntil.lte(now)))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    if changed.rows_affected == 0 { Err(Error::MailNotFound) } else { Ok(()) }
}
