use std::collections::HashMap;

use doorward_guard::{CredentialKind, Identity, SessionId};
use parking_lot::Mutex;
use sea_orm::{entity::prelude::*, sea_query::Expr};

use super::{Column, Entity};
use crate::{
    Doorward, Error, api_key,
    database::{StoredTime, UserId},
    user,
};

/// Once a credential was seen, it is not noted again for so long.
pub(crate) const NOTE_EVERY_SECONDS: i64 = 60;
/// Beyond so many, further ones are seen at their next request: a bound on memory.
const MOST_WAITING: usize = 100_000;
/// Rows written in one statement.
const BATCH: usize = 500;

/// Who was seen, until it is written in a batch: a guarded request never waits for the database.
#[derive(Debug, Default)]
pub struct Activity {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    sessions: HashMap<SessionId, StoredTime>,
    users: HashMap<UserId, StoredTime>,
    /// By the SHA-256 of the key.
    api_keys: HashMap<[u8; 32], StoredTime>,
}

impl Activity {
    /// Notes that `identity` was seen at `now`.
    pub(crate) fn note(&self, identity: &Identity, now: StoredTime) {
        let mut seen = self.seen.lock();
        if let Some(session) = identity.session_id
            && seen.sessions.len() < MOST_WAITING
        {
            seen.sessions.insert(session, now);
        }
        if identity.kind == CredentialKind::ApiKey && seen.api_keys.len() < MOST_WAITING {
            seen.api_keys.insert(identity.token_id, now);
        }
        if seen.users.len() < MOST_WAITING {
            seen.users.insert(UserId(identity.user_id), now);
        }
    }

    /// When a session was seen, as far as that is not yet written.
    pub(super) fn last_seen(&self, session: SessionId) -> Option<StoredTime> {
        self.seen.lock().sessions.get(&session).copied()
    }

    /// Writes what was noted. What fails to be written is noted again.
    pub(crate) async fn flush(&self, doorward: &Doorward) -> Result<(), Error> {
        let noted = std::mem::take(&mut *self.seen.lock());
        if noted.sessions.is_empty() && noted.users.is_empty() {
            return Ok(());
        }
        let written = write(doorward, &noted).await;
        if written.is_err() {
            let Seen { sessions, users, api_keys } = noted;
            let mut seen = self.seen.lock();
            for (key, time) in api_keys {
                seen.api_keys.entry(key).or_insert(time);
            }
            for (session, time) in sessions {
                seen.sessions.entry(session).or_insert(time);
            }
            for (user, time) in users {
                seen.users.entry(user).or_insert(time);
            }
        }
        written
    }
}

async fn write(doorward: &Doorward, Seen { sessions, users, api_keys }: &Seen) -> Result<(), Error> {
    // In the order of their keys: two replicas that write the same rows must not wait for each other
    // in a circle. To the second, so that many rows share one statement.
    let by_second = |times: Vec<(String, StoredTime)>| -> Vec<(StoredTime, Vec<String>)> {
        let mut groups: std::collections::BTreeMap<i64, (StoredTime, Vec<String>)> = std::collections::BTreeMap::new();
        for (key, time) in times {
            let group = groups.entry(time.unix()).or_insert_with(|| (time, Vec::new()));
            group.0 = group.0.max(time);
            group.1.push(key);
        }
        groups.into_values().collect()
    };
    let mut named: Vec<(String, StoredTime)> = sessions.iter().map(|(id, time)| (id.to_string(), *time)).collect();
    named.sort();
    let transaction = doorward.database().begin().await?;
    for (time, ids) in by_second(named) {
        for batch in ids.chunks(BATCH) {
            Entity::update_many()
                .col_expr(Column::LastSeenAt, Expr::value(time))
                .filter(Column::Id.is_in(batch.iter().map(String::as_str)))
                .filter(Column::LastSeenAt.lt(time))
                .exec(&transaction)
                .await?;
        }
    }
    let mut keys: Vec<(&[u8; 32], StoredTime)> = api_keys.iter().map(|(hash, time)| (hash, *time)).collect();
    keys.sort();
    for batch in keys.chunks(BATCH) {
        let Some(latest) = batch.iter().map(|(_, time)| *time).max() else { continue };
        api_key::Entity::update_many()
            .col_expr(api_key::Column::LastUsedAt, Expr::value(latest))
            .filter(api_key::Column::KeyHash.is_in(batch.iter().map(|(hash, _)| hash.to_vec())))
            .exec(&transaction)
            .await?;
    }
    let mut people: Vec<(UserId, StoredTime)> = users.iter().map(|(id, time)| (*id, *time)).collect();
    people.sort();
    for batch in people.chunks(BATCH) {
        let Some(latest) = batch.iter().map(|(_, time)| *time).max() else { continue };
        user::Entity::update_many()
            .col_expr(user::Column::LastSeen, Expr::value(latest))
            .filter(user::Column::Id.is_in(batch.iter().map(|(id, _)| *id)))
            .exec(&transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
