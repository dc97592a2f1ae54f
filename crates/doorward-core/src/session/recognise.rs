use doorward_guard::{CredentialKind, Denied, Identity, SessionId};
use sea_orm::{entity::prelude::*, sea_query::Expr};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Client, Column, EndReason, Entity, Session, end::end_within, fingerprint};
use crate::{
    Doorward, Error,
    database::StoredTime,
    settings::Protection,
    token::COOKIE_MEMORY_SECONDS,
    user::{self, User},
};

/// Whose session cookie this is, as the database knows: alive, of an enabled user, and, by the
/// session protection that is configured, from the client that signed in.
pub async fn recognise(doorward: &Doorward, cookie: &str, client: &Client) -> Result<Identity, Error> {
    let reads = doorward.database().reads();
    let now = doorward.now();
    let session = Entity::find()
        .filter(Column::CookieHash.eq(Sha256::digest(cookie).to_vec()))
        .one(reads)
        .await?
        .ok_or(Denied::BadSignature)?;
    let id: SessionId = session.id.parse().map_err(|_| Denied::BadSignature)?;
    let remaining = life_left(doorward, &session, id, now)?;
    let user = user::find_by_id(reads, session.user_id)
        .await?
        .filter(|user: &User| user.is_enabled(now))
        .ok_or(Denied::UserUnknown)?;
    if user.tokens_valid_after.is_some_and(|ended| id.created_ms() <= ended.unix_ms()) {
        return Err(Denied::Revoked.into());
    }
    protect(doorward, &session, client, now).await?;

    let roles = user::roles_of(reads, user.id).await?;
    let expires_at = now.unix() + remaining.min(COOKIE_MEMORY_SECONDS);
    let mut identity =
        Identity::new(CredentialKind::SessionCookie, cookie.as_bytes(), user.id.0, now.unix(), expires_at);
    identity.session_id = Some(id);
    identity.roles = roles.into_iter().map(String::into_boxed_str).collect();
    identity.username = user.username.map(|name| name.0.into_boxed_str());
    Ok(identity)
}

/// Seconds until the session ends if it is not used again.
fn life_left(doorward: &Doorward, session: &Session, id: SessionId, now: StoredTime) -> Result<i64, Denied> {
    if session.ended_at.is_some() {
        return Err(Denied::Revoked);
    }
    let seen = doorward.activity().last_seen(id);
    let seen = seen.map_or(session.last_seen_at, |seen| seen.max(session.last_seen_at));
    let inactivity = i64::try_from(doorward.settings().session.inactivity).unwrap_or(i64::MAX);
    let ends_at = seen.plus_seconds(inactivity).min(session.expires_at);
    let left = ends_at.unix() - now.unix();
    if left > 0 { Ok(left) } else { Err(Denied::Expired) }
}

/// Flask-Login's session protection: with `strong` a cookie from elsewhere ends the session, with
/// `basic` the session is no longer fresh.
async fn protect(doorward: &Doorward, session: &Session, client: &Client, now: StoredTime) -> Result<(), Error> {
    let same: bool = fingerprint(client).ct_eq(session.fingerprint.as_slice()).into();
    if same {
        return Ok(());
    }
    match doorward.settings().session.protection {
        Protection::Off => Ok(()),
        Protection::Basic if !session.fresh => Ok(()),
        Protection::Basic => {
            let transaction = doorward.database().begin().await?;
            Entity::update_many()
                .col_expr(Column::Fresh, Expr::value(false))
                .filter(Column::Id.eq(session.id.as_str()))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            Ok(())
        }
        Protection::Strong => {
            let transaction = doorward.database().begin().await?;
            let published = end_within(doorward, &transaction, session, EndReason::Protection, now).await?;
            transaction.commit().await?;
            doorward.apply_all(&published);
            tracing::warn!(
                user = session.user_id.0,
                session = session.id,
                "a session cookie came from another network or program; the session was ended"
            );
            Err(Denied::Revoked.into())
        }
    }
}
