use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};

use crate::{
    Doorward, Error, audit,
    database::UserId,
    event::{Event, EventKind},
    role, session,
    user::{Column, Entity},
};

/// Registrations that are deleted in one turn: the next comes soon.
const BATCH: u64 = 500;

/// Deletes registrations that nobody has confirmed in time, with all that belongs to them. Answers how many.
pub async fn delete_unconfirmed(doorward: &Doorward) -> Result<u64, Error> {
    let now = doorward.now();
    let over: Vec<UserId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ConfirmBy.lte(now))
        .order_by_asc(Column::ConfirmBy)
        .limit(BATCH)
        .into_tuple()
        .all(doorward.database().reads())
        .await?;
    let mut deleted = 0;
    for id in over {
        deleted += u64::from(delete(doorward, id).await?);
    }
    Ok(deleted)
}

async fn delete(doorward: &Doorward, id: UserId) -> Result<bool, Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    match role::keep_an_administrator(&transaction, id, now).await {
        Err(Error::LastAdministrator) => return Ok(false),
        other => other?,
    }
    // Confirmed in the last moment: it stays.
    let still_over =
        Entity::find_by_id(id).filter(Column::ConfirmBy.lte(now)).lock_exclusive().one(&transaction).await?;
    if still_over.is_none() {
        return Ok(false);
    }
    let event = Event::of(EventKind::Deleted, id).with("reason", "not_confirmed");
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let (_, revoked) = session::end_all_within(&transaction, id, session::EndReason::Deleted, now).await?;
    Entity::delete_by_id(id).exec(&transaction).await?;
    transaction.commit().await?;
    doorward.apply(&revoked);
    doorward.announce(&recorded);
    Ok(true)
}
