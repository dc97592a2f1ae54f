use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_guard::SessionId;
use sea_orm::{IntoActiveModel as _, QueryOrder, QuerySelect, entity::prelude::*};
use sha2::{Digest, Sha256};

use super::{
    Client, Column, EndReason, Entity, Session,
    end::end_within,
    fingerprint,
    standing::{Standing, live},
};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction},
    random_bytes,
    revocation::Published,
    user::User,
};

/// A session that has just begun.
pub(super) struct Begun {
    pub(super) session: Session,
    pub(super) id: SessionId,
    /// The cookie's value; nothing else knows it.
    pub(super) cookie: Option<String>,
}

/// How a session begins.
pub(crate) struct Beginning {
    /// The cookie's value, where there is one.
    pub(crate) cookie: Option<String>,
    /// Whether the user has just shown who they are.
    pub(crate) fresh: bool,
}

impl Beginning {
    /// By a sign-in: with a random cookie, where sessions of browsers are on.
    pub(super) fn by_sign_in(doorward: &Doorward) -> Self {
        let cookie = doorward.settings().session.cookie.then(|| {
            let random: [u8; 32] = random_bytes(doorward.randomness());
            URL_SAFE_NO_PAD.encode(random)
        });
        Self { cookie, fresh: true }
    }
}

pub(super) async fn begin_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: &User,
    client: &Client,
    Beginning { cookie, fresh }: Beginning,
    now: StoredTime,
) -> Result<Begun, Error> {
    // What was ended for this user up to some moment stays ended; a clock that is behind must not
    // put a new session among it.
    let after_ended = user.tokens_valid_after.map_or(0, |time| time.unix_ms() + 1);
    let created_ms = u64::try_from(now.unix_ms().max(after_ended)).unwrap_or_default();
    let id = SessionId::new(created_ms, random_bytes(doorward.randomness()));
    let absolute = i64::try_from(doorward.settings().session.absolute).unwrap_or(i64::MAX);
    let session = Session {
        id: id.to_string(),
        user_id: user.id,
        cookie_hash: cookie.as_ref().map(|value| Sha256::digest(value).to_vec()),
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus_seconds(absolute),
        ended_at: None,
        end_reason: None,
        fresh,
        address: client.address.map(|address| address.to_canonical().to_string()),
        user_agent: client.shown_user_agent(),
        fingerprint: fingerprint(client).to_vec(),
    };
    Entity::insert(session.clone().into_active_model()).exec_without_returning(transaction).await?;
    Ok(Begun { session, id, cookie })
}

/// Ends the sessions that were unused for longest, where the user has as many as may be.
pub(super) async fn make_room_within(
    doorward: &Doorward,
    transaction: &Transaction,
    standing: &Standing,
    now: StoredTime,
) -> Result<Vec<Published>, Error> {
    let most = u64::from(doorward.settings().session.max_per_user);
    if standing.live_sessions < most {
        return Ok(Vec::new());
    }
    let surplus = live(Entity::find().filter(Column::UserId.eq(standing.user.id)), now)
        .order_by_desc(Column::LastSeenAt)
        .offset(most.saturating_sub(1))
        .limit(100)
        .all(transaction)
        .await?;
    let mut ended = Vec::new();
    for session in surplus {
        ended.extend(end_within(doorward, transaction, &session, EndReason::TooMany, now).await?);
    }
    Ok(ended)
}
