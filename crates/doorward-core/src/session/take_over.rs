use doorward_guard::Denied;
use sea_orm::entity::prelude::*;

use super::{
    Beginning, Entity, Session,
    begin::{begin_within, make_room_within},
    standing::{self, live},
};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction, UserId},
    revocation::Published,
};

/// Begins the session of somebody whom another application signed in. `is_later` says whether it did so after the
/// time up to which everything of the user's has ended. Answers the session's id, and what had to end for it.
pub(crate) async fn take_over_within(
    doorward: &Doorward,
    transaction: &Transaction,
    id: UserId,
    beginning: Beginning,
    now: StoredTime,
    is_later: impl FnOnce(StoredTime) -> bool,
) -> Result<(String, Vec<Published>), Error> {
    let client = &doorward.caller().client;
    let standing = standing::read_within(transaction, id, client, now)
        .await?
        .filter(|standing| standing.user.is_enabled(now))
        .ok_or(Denied::UserUnknown)?;
    if standing.user.tokens_valid_after.is_some_and(|ended| !is_later(ended)) {
        return Err(Denied::Revoked.into());
    }
    let ended = make_room_within(doorward, transaction, &standing, now).await?;
    let begun = begin_within(doorward, transaction, &standing.user, client, beginning, now).await?;
    Ok((begun.session.id, ended))
}

/// The session, if it goes on.
pub(crate) async fn find_alive(
    connection: &impl ConnectionTrait,
    id: &str,
    now: StoredTime,
) -> Result<Option<Session>, Error> {
    Ok(live(Entity::find_by_id(id), now).one(connection).await?)
}
