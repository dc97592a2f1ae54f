use doorward_guard::SessionId;
use sea_orm::{entity::prelude::*, sea_query::Expr};

use super::{
    issue::{IssuedTokens, Owner, compose, store_within},
    refresh_token::{Column, Entity, Model, RefreshToken},
};
use crate::{
    Doorward, Error, audit,
    database::{StoredTime, Transaction},
    event::{Event, EventKind},
    session::{self, EndReason, Session},
    user::{self, User},
};

/// Exchanges a refresh token for new tokens. Each is good once (RFC 9700 §4.14.2): one that comes again
/// later than `token.refresh_grace` after its use ends the session, since one of the two who hold it is
/// a thief. Within the grace it gets the same answer again.
pub async fn refresh(doorward: &Doorward, token: &str) -> Result<IssuedTokens, Error> {
    let token = RefreshToken::parse(token).ok_or(Error::RefreshTokenInvalid)?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let row = Entity::find_by_id(token.hash()).one(&transaction).await?.ok_or(Error::RefreshTokenInvalid)?;
    if row.expires_at <= now {
        return Err(Error::RefreshTokenExpired);
    }
    let (session, id, user) = owner(&transaction, &row, now).await?;
    let successor = token.successor(doorward);
    let used_at = match use_up(&transaction, &token, now).await? {
        Use::First => {
            store_within(doorward, &transaction, &successor, &session, now).await?;
            now
        }
        Use::Again(used_at) if within_grace(doorward, used_at, now) => used_at,
        Use::Again(_) => return Err(end_stolen(doorward, transaction, &session, now).await?),
    };
    let roles = user::roles_of(&transaction, user.id).await?;
    let tokens = compose(doorward, Owner { user: &user, roles: &roles }, id, &session, successor, used_at)?;
    transaction.commit().await?;
    Ok(tokens)
}

enum Use {
    First,
    Again(StoredTime),
}

/// Of two who use the token at once, the database lets one be the first.
async fn use_up(transaction: &Transaction, token: &RefreshToken, now: StoredTime) -> Result<Use, Error> {
    let used = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(now))
        .filter(Column::TokenHash.eq(token.hash()))
        .filter(Column::UsedAt.is_null())
        .exec(transaction)
        .await?;
    if used.rows_affected == 1 {
        return Ok(Use::First);
    }
    let row = Entity::find_by_id(token.hash()).one(transaction).await?;
    row.and_then(|row| row.used_at).map(Use::Again).ok_or(Error::RefreshTokenInvalid)
}

fn within_grace(doorward: &Doorward, used_at: StoredTime, now: StoredTime) -> bool {
    let grace = i64::try_from(doorward.settings().token.refresh_grace).unwrap_or(0);
    now.unix_ms() - used_at.unix_ms() <= grace * 1_000
}

async fn owner(transaction: &Transaction, row: &Model, now: StoredTime) -> Result<(Session, SessionId, User), Error> {
    let session = session::Entity::find_by_id(row.session_id.clone())
        .one(transaction)
        .await?
        .filter(|session| session.ended_at.is_none() && session.expires_at > now)
        .ok_or(Error::SessionEnded)?;
    let id: SessionId = session.id.parse().map_err(|_| Error::SessionEnded)?;
    let user = user::find_by_id(transaction, session.user_id)
        .await?
        .filter(|user: &User| user.is_enabled(now))
        .filter(|user| user.tokens_valid_after.is_none_or(|end| id.created_ms() > end.unix_ms()))
        .ok_or(Error::SessionEnded)?;
    Ok((session, id, user))
}

async fn end_stolen(
    doorward: &Doorward,
    transaction: Transaction,
    session: &Session,
    now: StoredTime,
) -> Result<Error, Error> {
    let reason = EndReason::RefreshTokenReused;
    let event = Event::of(EventKind::RefreshTokenReused, session.user_id).with("session", session.id.as_str());
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let published = session::end_within(doorward, &transaction, session, reason, now).await?;
    transaction.commit().await?;
    doorward.apply_all(&published);
    doorward.announce(&recorded);
    metrics::counter!("doorward_refresh_tokens_reused_total").increment(1);
    tracing::warn!(
        user = session.user_id.0,
        session = session.id,
        "a refresh token was used a second time; its session was ended"
    );
    Ok(Error::RefreshTokenReused)
}
