use sea_orm::{
    Condition,
    entity::prelude::*,
    sea_query::{Alias, Expr, ExprTrait as _, Query},
};

use super::{Column, Entity, new_device::KNOWN_SECONDS};
use crate::{Doorward, Error, token};

/// How long an ended session stays in the list of a user's sessions.
const REMEMBER_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Deletes sessions that ended long ago, and refresh tokens that are over. The last session of a device stays
/// for as long as the device is known.
pub async fn delete_outdated(doorward: &Doorward) -> Result<(), Error> {
    let now = doorward.now();
    let long_ago = now.plus_seconds(-REMEMBER_SECONDS);
    let transaction = doorward.database().begin().await?;
    let newer = Alias::new("newer");
    let has_newer = Query::select()
        .expr(Expr::value(1))
        .from_as(Entity, newer.clone())
        .and_where(Expr::col((newer.clone(), Column::UserId)).equals((Entity, Column::UserId)))
        .and_where(Expr::col((newer.clone(), Column::Fingerprint)).equals((Entity, Column::Fingerprint)))
        .and_where(Expr::col((newer, Column::Id)).gt(Expr::col((Entity, Column::Id))))
        .to_owned();
    let forgotten = Column::LastSeenAt.lt(now.plus_seconds(-KNOWN_SECONDS));
    Entity::delete_many()
        .filter(Condition::any().add(Column::ExpiresAt.lt(long_ago)).add(Column::EndedAt.lt(long_ago)))
        .filter(Condition::any().add(forgotten).add(Expr::exists(has_newer)))
        .exec(&transaction)
        .await?;
    token::delete_outdated_refresh_tokens(&transaction, now).await?;
    transaction.commit().await?;
    Ok(())
}
