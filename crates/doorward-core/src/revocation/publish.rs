use doorward_guard::{Revocation, SessionId};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{ActiveModel, Published};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction, UserId},
    user,
};

/// Beyond the life of any access token: clocks of replicas differ.
const MARGIN_SECONDS: i64 = 120;

/// Ends one session.
pub async fn session_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: UserId,
    session: SessionId,
    now: StoredTime,
) -> Result<Published, Error> {
    let until = end_of_access(doorward, now);
    let row = ActiveModel {
        kind: Set("session".into()),
        user_id: Set(Some(user)),
        session_id: Set(Some(session.to_string())),
        ..Default::default()
    };
    write(transaction, row, now, until, |until| Some(Revocation::Session { id: session, until })).await
}

/// Ends one token that belongs to no session, until `expires_at` (unix seconds), when it ends itself.
pub async fn token_within(
    transaction: &Transaction,
    user: UserId,
    sha256: [u8; 32],
    expires_at: i64,
    now: StoredTime,
) -> Result<Published, Error> {
    let until = now.plus_seconds(expires_at.saturating_sub(now.unix()).max(0) + MARGIN_SECONDS);
    let row = ActiveModel {
        kind: Set("token".into()),
        user_id: Set(Some(user)),
        token_hash: Set(Some(sha256.to_vec())),
        ..Default::default()
    };
    write(transaction, row, now, until, |until| Some(Revocation::Token { sha256, until })).await
}

/// Ends everything that the user had until `valid_after`, tokens of the Flask application too, which
/// may live long: readers remember it for over a year.
pub async fn user_within(
    transaction: &Transaction,
    user: UserId,
    valid_after: StoredTime,
    now: StoredTime,
) -> Result<Published, Error> {
    let until = now.plus_seconds(400 * 24 * 60 * 60);
    let row = ActiveModel {
        kind: Set("user".into()),
        user_id: Set(Some(user)),
        valid_after: Set(Some(valid_after)),
        ..Default::default()
    };
    let valid_after_ms = valid_after.unix_ms();
    write(transaction, row, now, until, |until| Some(Revocation::User { id: user.0, valid_after_ms, until })).await
}

/// Tells the roles that the user has now, as this transaction sees them.
pub async fn roles_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: UserId,
    now: StoredTime,
) -> Result<Published, Error> {
    let roles = user::roles_of(transaction, user).await?;
    let row = ActiveModel {
        kind: Set("roles".into()),
        user_id: Set(Some(user)),
        valid_after: Set(Some(now)),
        roles: Set(Some(serde_json::json!(roles).to_string())),
        ..Default::default()
    };
    let (at_ms, until) = (now.unix_ms(), end_of_access(doorward, now));
    write(transaction, row, now, until, |until| Some(Revocation::Roles { user_id: user.0, roles, at_ms, until })).await
}

/// Tells that the signing keys were changed. The writer holds the feed's turn from here on.
pub async fn keys_within(transaction: &Transaction, now: StoredTime) -> Result<Published, Error> {
    let row = ActiveModel { kind: Set("keys".into()), ..Default::default() };
    write(transaction, row, now, now.plus_seconds(24 * 60 * 60), |_| None).await
}

/// Tells that roles' permissions were changed.
pub async fn permissions_within(transaction: &Transaction, now: StoredTime) -> Result<Published, Error> {
    let row = ActiveModel { kind: Set("permissions".into()), ..Default::default() };
    write(transaction, row, now, now.plus_seconds(24 * 60 * 60), |_| None).await
}

/// When the last access token that could have been issued by `now` is over.
fn end_of_access(doorward: &Doorward, now: StoredTime) -> StoredTime {
    now.plus_seconds(doorward.access_life_seconds() + MARGIN_SECONDS)
}

async fn write(
    transaction: &Transaction,
    mut row: ActiveModel,
    now: StoredTime,
    until: StoredTime,
    item: impl FnOnce(i64) -> Option<Revocation>,
) -> Result<Published, Error> {
    row.created_at = Set(now);
    row.until = Set(until);
    let written = row.insert(transaction).await?;
    let items = item(until.unix() + 1).into_iter().collect();
    Ok(Published { sequence: written.sequence, items })
}
