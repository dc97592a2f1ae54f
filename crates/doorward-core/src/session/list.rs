use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, Session};
use crate::{
    Error,
    database::{StoredTime, UserId},
};

/// The most sessions that are listed.
const MOST: u64 = 200;

/// The sessions of a user that are alive at `now`, newest first.
pub async fn list_of(connection: &impl ConnectionTrait, user: UserId, now: StoredTime) -> Result<Vec<Session>, Error> {
    Ok(Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::EndedAt.is_null())
        .filter(Column::ExpiresAt.gt(now))
        .order_by_desc(Column::Id)
        .limit(MOST)
        .all(connection)
        .await?)
}
