//! `POST /introspect` (RFC 7662): what only Doorward's database knows, remembered for a short while.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::asking::NoAnswer;
use super::feed::News;
use super::shared::Shared;
use crate::{CredentialKind, Denied, Identity};

/// Requests to Doorward at once; others wait for their turn.
const AT_ONCE: usize = 16;

/// How long a request may wait for its turn.
const TURN: Duration = Duration::from_secs(2);

/// The longest API key that is asked about, in bytes. Doorward's own have 49.
const LONGEST_KEY: usize = 256;

pub(super) struct Introspection {
    api_keys: bool,
    flask_roles: bool,
    ttl_seconds: i64,
    turns: Semaphore,
    /// Flask tokens, by their SHA-256, as they are with their roles.
    with_roles: Cache<[u8; 32], Remembered>,
}

#[derive(Clone)]
struct Remembered {
    identity: Arc<Identity>,
    until: i64,
}

#[derive(Deserialize)]
struct Wire {
    active: bool,
    sub: Option<String>,
    username: Option<String>,
    iat: Option<i64>,
    exp: Option<i64>,
    scope: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    doorward_kind: Option<String>,
}

impl Introspection {
    pub(super) fn new(api_keys: bool, flask_roles: bool, ttl: Duration, capacity: usize) -> Self {
        Self {
            api_keys,
            flask_roles,
            ttl_seconds: i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX),
            turns: Semaphore::new(AT_ONCE),
            with_roles: Cache::new(if flask_roles { capacity } else { 1 }),
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.api_keys
    }

    pub(super) fn fills_roles(&self) -> bool {
        self.flask_roles
    }

    /// The same identity with the roles that Doorward said it has, if that was lately.
    pub(super) fn remembered_roles(&self, shared: &Shared, identity: &Identity, now: i64) -> Option<Arc<Identity>> {
        let remembered = self.with_roles.get(&identity.token_id)?;
        // Back in time beyond what was remembered is as old as ahead of it.
        let lately = now < remembered.until && remembered.until.saturating_sub(now) <= shared.introspection.ttl_seconds;
        lately.then_some(remembered.identity)
    }

    pub(super) fn forget_users(&self, news: &News) {
        if self.with_roles.is_empty() {
            return;
        }
        let users: std::collections::HashSet<_> = news.users().collect();
        if !users.is_empty() {
            self.with_roles.retain(|_, remembered| !users.contains(&remembered.identity.user_id));
        }
    }

    pub(super) fn prune(&self, now: i64) {
        self.with_roles.retain(|_, remembered| now < remembered.until);
    }
}

/// Asks, in turn; `None` is what RFC 7662 calls inactive.
async fn ask(shared: &Shared, credential: &str) -> Result<Option<Wire>, Denied> {
    let answer = async {
        let turn = tokio::time::timeout(TURN, shared.introspection.turns.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or(NoAnswer::Busy)?;
        let body = shared.asking.introspect(credential).await?;
        let wire: Wire = serde_json::from_slice(&body).map_err(|_| NoAnswer::Malformed("not an introspection"))?;
        Ok::<_, NoAnswer>(wire)
    };
    if let Ok(wire) = answer.await {
        shared.status.introspected();
        Ok(Some(wire).filter(|wire| wire.active))
    } else {
        shared.status.introspection_failed();
        // Not the credential's fault, and nobody can be let in on a guess.
        Err(Denied::Stale)
    }
}

/// Whose API key this is.
pub(super) async fn api_key(shared: &Shared, key: &str) -> Result<Arc<Identity>, Denied> {
    if key.len() > LONGEST_KEY {
        return Err(Denied::Malformed("longer than an API key may be"));
    }
    let seen = shared.guard.revocations().mark();
    let wire = ask(shared, key).await?.ok_or(Denied::BadSignature)?;
    if wire.doorward_kind.as_deref() != Some("api_key") {
        return Err(Denied::NotAccepted);
    }
    let now = shared.now();
    let user_id = user_id(&wire)?;
    let remembered_until = now.saturating_add(shared.introspection.ttl_seconds);
    let expires_at = wire.exp.map_or(remembered_until, |exp| exp.min(remembered_until));
    let mut identity =
        Identity::new(CredentialKind::ApiKey, key.as_bytes(), user_id, wire.iat.unwrap_or(now), expires_at);
    identity.scopes = Some(wire.scope.unwrap_or_default().split_ascii_whitespace().map(Box::from).collect());
    // A key only narrows: of the user's roles those that it names.
    identity.roles =
        wire.roles.into_iter().filter(|role| identity.has_scope(role)).map(String::into_boxed_str).collect();
    identity.username = wire.username.map(String::into_boxed_str);
    shared.guard.admit(CredentialKind::ApiKey, key.as_bytes(), identity, now, seen)
}

/// The same identity with the roles that Doorward says it has.
pub(super) async fn flask_roles(
    shared: &Shared,
    token: &str,
    identity: Arc<Identity>,
) -> Result<Arc<Identity>, Denied> {
    let seen = shared.guard.revocations().mark();
    let wire = match ask(shared, token).await {
        Ok(wire) => wire.ok_or(Denied::Revoked)?,
        Err(_) if shared.fails_open() => return Ok(identity),
        Err(denied) => return Err(denied),
    };
    if user_id(&wire)? != identity.user_id {
        return Err(Denied::NoSubject);
    }
    let mut known = Identity::clone(&identity);
    known.roles = wire.roles.into_iter().map(String::into_boxed_str).collect();
    known.username = wire.username.map(String::into_boxed_str);
    let known = Arc::new(known);
    let until = shared.now().saturating_add(shared.introspection.ttl_seconds);
    let memory = &shared.introspection.with_roles;
    memory.insert(known.token_id, Remembered { identity: Arc::clone(&known), until });
    // After the insertion: either this sees that something was revoked meanwhile, or `forget_users` sees the entry.
    if shared.guard.revocations().mark() != seen {
        memory.remove(&known.token_id);
    }
    Ok(known)
}

fn user_id(wire: &Wire) -> Result<i64, Denied> {
    wire.sub.as_deref().and_then(|sub| sub.parse().ok()).filter(|id| *id >= 1).ok_or(Denied::NoSubject)
}
