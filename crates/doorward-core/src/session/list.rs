use doorward_guard::SessionId;
use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, Session};
use crate::{
    Doorward, Error,
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

/// A part of a user's sessions, newest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// The sessions, with when they were last seen as this process knows it.
    pub sessions: Vec<Session>,
    /// The id to go on after; `None` on the last page.
    pub next: Option<String>,
}

/// Up to `limit` sessions of a user that are alive, older than `after`.
pub async fn page_of(doorward: &Doorward, user: UserId, after: Option<SessionId>, limit: u64) -> Result<Page, Error> {
    let limit = limit.clamp(1, MOST);
    let mut query = Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::EndedAt.is_null())
        .filter(Column::ExpiresAt.gt(doorward.now()))
        .order_by_desc(Column::Id)
        .limit(limit + 1);
    if let Some(after) = after {
        query = query.filter(Column::Id.lt(after.to_string()));
    }
    let mut sessions = query.all(doorward.database().reads()).await?;
    let more = sessions.len() as u64 > limit;
    sessions.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = sessions.last().filter(|_| more).map(|session| session.id.clone());
    for session in &mut sessions {
        let seen = session.id.parse().ok().and_then(|id| doorward.activity().last_seen(id));
        session.last_seen_at = session.last_seen_at.max(seen.unwrap_or(session.last_seen_at));
    }
    Ok(Page { sessions, next })
}
