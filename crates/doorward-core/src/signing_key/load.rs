use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use doorward_guard::{KeySet, SigningKey, VerifyingKey};
use parking_lot::RwLock;
use sea_orm::{QueryOrder, entity::prelude::*};

use super::{Column, Entity, SigningKeyRow, rotate::create_within};
use crate::{Doorward, Error};

/// The keys in memory.
#[derive(Default)]
pub struct SigningKeys {
    loaded: RwLock<Loaded>,
    /// When the database was last asked for a key that a token names, in unix seconds.
    asked_at: AtomicI64,
}

#[derive(Default)]
struct Loaded {
    current: Option<Arc<SigningKey>>,
    public: Vec<VerifyingKey>,
}

impl SigningKeys {
    /// The key that signs now.
    pub fn current(&self) -> Result<Arc<SigningKey>, Error> {
        self.loaded.read().current.clone().ok_or_else(|| Error::Internal("there is no signing key".into()))
    }
}

/// A key as an operator sees it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct KeyState {
    /// The key's id.
    pub kid: String,
    /// `signing`, `verifying` or `withdrawn`.
    pub state: &'static str,
    /// When it was made.
    pub created_at: chrono::DateTime<chrono::Utc>,
}

/// Every key that is stored, newest first.
pub async fn list(doorward: &Doorward) -> Result<Vec<KeyState>, Error> {
    let signing = doorward.signing().current().ok();
    Ok(rows(doorward)
        .await?
        .into_iter()
        .map(|row| KeyState {
            state: match &signing {
                _ if row.revoked_at.is_some() => "withdrawn",
                Some(key) if key.kid() == row.kid => "signing",
                _ => "verifying",
            },
            created_at: row.created_at.utc(),
            kid: row.kid,
        })
        .collect())
}

/// The public keys, as `/.well-known/jwks.json` publishes them (RFC 7517).
pub fn published(doorward: &Doorward) -> serde_json::Value {
    doorward_guard::jwks(&doorward.signing().loaded.read().public)
}

/// Reads the keys, and makes the first one where there is none.
pub async fn load_or_create(doorward: &Doorward) -> Result<(), Error> {
    if !rows(doorward).await?.iter().any(|row| row.revoked_at.is_none()) {
        let transaction = doorward.database().begin().await?;
        let published = create_within(doorward, &transaction).await?;
        transaction.commit().await?;
        doorward.apply(&published);
    }
    reload(doorward).await
}

/// Reads the keys anew. What a withdrawn key signed is refused from here on.
pub async fn reload(doorward: &Doorward) -> Result<(), Error> {
    let rows = rows(doorward).await?;
    let alive = || rows.iter().filter(|row| row.revoked_at.is_none());
    let current = alive().next().map(|row| open(doorward, row)).transpose()?;
    let public: Vec<_> =
        alive().filter_map(|row| Some(VerifyingKey::new(row.public_key.as_slice().try_into().ok()?))).collect();
    let flask_secrets =
        doorward.settings().token.secret_keys.iter().map(|secret| secret.expose().as_bytes().to_vec()).collect();
    let keys = KeySet { ed25519: public.clone(), flask_secrets };
    *doorward.signing().loaded.write() = Loaded { current: current.map(Arc::new), public };
    doorward.guard().replace_keys(keys);
    Ok(())
}

/// Reads the keys anew for a token whose key is unknown, at most once a second: tokens with made-up
/// keys must not become queries. Answers whether it did.
pub async fn reload_if_due(doorward: &Doorward) -> bool {
    let now = doorward.now().unix();
    let asked_at = &doorward.signing().asked_at;
    let before = asked_at.load(Ordering::Relaxed);
    before != now
        && asked_at.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        && reload(doorward).await.is_ok()
}

async fn rows(doorward: &Doorward) -> Result<Vec<SigningKeyRow>, Error> {
    Ok(Entity::find()
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Kid)
        .all(doorward.database().reads())
        .await?)
}

fn open(doorward: &Doorward, row: &SigningKeyRow) -> Result<SigningKey, Error> {
    let seal = doorward.seal();
    seal.open_sealed(&row.kid, &row.sealed_key)
        .and_then(|seed| <[u8; 32]>::try_from(seed.as_slice()).ok())
        .and_then(|seed| SigningKey::from_seed(&seed).ok())
        .ok_or_else(|| {
            Error::startup(
                format!("the signing keys were sealed under another key than {} holds", seal.place()),
                "put the right seal key back (every replica needs the same); if it is lost, run \
                 `doorward key rotate --lost-seal-key`: everyone signs in anew",
            )
        })
}
