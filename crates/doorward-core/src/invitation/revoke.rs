use sea_orm::entity::prelude::*;

use super::{Column, Entity};
use crate::{
    Doorward, Error, audit,
    event::{Event, EventKind},
};

/// Takes an invitation back that nobody has used yet.
///
/// # Errors
/// [`Error::InvitationNotFound`] where there is none of this id, or it was used.
pub async fn revoke(doorward: &Doorward, id: &str) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    let deleted =
        Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::UsedAt.is_null()).exec(&transaction).await?;
    if deleted.rows_affected == 0 {
        return Err(Error::InvitationNotFound);
    }
    let event = Event::of_nobody(EventKind::InvitationRevoked).with("invitation", id);
    let recorded = audit::append_within(doorward, &transaction, event, doorward.now()).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}
