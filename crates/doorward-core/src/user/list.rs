use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, User};
use crate::{Error, database::UserId};

/// The most rows that one page holds.
const MOST: u64 = 200;

/// A part of the users, in the order of their ids.
#[derive(Debug, Clone)]
pub struct Page {
    /// The users.
    pub users: Vec<User>,
    /// The id to go on after; `None` on the last page.
    pub next: Option<UserId>,
}

/// Up to `limit` users with ids above `after`. The cost does not depend on how many came before.
pub async fn list(connection: &impl ConnectionTrait, after: Option<UserId>, limit: u64) -> Result<Page, Error> {
    let limit = limit.clamp(1, MOST);
    let mut query = Entity::find().order_by_asc(Column::Id).limit(limit + 1);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let mut users = query.all(connection).await?;
    let more = users.len() as u64 > limit;
    users.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = users.last().filter(|_| more).map(|user| user.id);
    Ok(Page { users, next })
}
