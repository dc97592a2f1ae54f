use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, Invitation};
use crate::{Doorward, Error};

/// The most that are listed.
const MOST: u64 = 200;

/// How long an invitation is remembered after its end, in seconds.
const REMEMBER_SECONDS: i64 = 30 * 24 * 60 * 60;

/// The newest 200 invitations, newest first, used and outdated ones too.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<Invitation>, Error> {
    Ok(Entity::find().order_by_desc(Column::Id).limit(MOST).all(connection).await?)
}

/// Deletes invitations that ended long ago.
pub async fn delete_outdated(doorward: &Doorward) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    let long_ago = doorward.now().plus_seconds(-REMEMBER_SECONDS);
    Entity::delete_many().filter(Column::ExpiresAt.lt(long_ago)).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(())
}
