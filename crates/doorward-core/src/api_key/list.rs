use doorward_guard::SessionId;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{ApiKeyRow, Column, Entity};
use crate::{Error, database::UserId};

/// The most keys that are listed; a user has fewer alive.
const MOST: u64 = 400;

/// The user's API keys that were not ended, newest first; those whose time is over are among them until they
/// are swept away.
pub async fn list_of(connection: &impl ConnectionTrait, user: UserId) -> Result<Vec<ApiKeyRow>, Error> {
    Ok(Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::RevokedAt.is_null())
        .order_by_desc(Column::Id)
        .limit(MOST)
        .all(connection)
        .await?)
}

/// Whether the key of this hash has this id.
pub async fn is_key_of(connection: &impl ConnectionTrait, id: &str, hash: &[u8; 32]) -> Result<bool, Error> {
    let Ok(id) = id.parse::<SessionId>() else { return Ok(false) };
    let row = Entity::find_by_id(id.to_string()).one(connection).await?;
    Ok(row.is_some_and(|row| row.key_hash == hash))
}
