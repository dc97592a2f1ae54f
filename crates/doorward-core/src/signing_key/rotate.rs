use doorward_guard::SigningKey;
use sea_orm::{ActiveValue::Set, QueryOrder, entity::prelude::*, sea_query::Expr};
use zeroize::Zeroizing;

use super::{ActiveModel, Column, Entity, load::reload};
use crate::{
    Clock as _, Doorward, Error, SystemClock, audit,
    database::{Database, StoredTime, Transaction},
    event::{Event, EventKind},
    random_bytes,
    revocation::{self, Published},
};

/// What a rotation did.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Rotated {
    /// The key that signs from now on.
    pub kid: String,
    /// Keys whose tokens were voided.
    pub withdrawn: u64,
}

/// Puts a new signing key in the place of the present one. Tokens of older keys stay good until they
/// end, unless `withdraw`: then they are refused at once, for keys that may be known to others.
pub async fn rotate(doorward: &Doorward, withdraw: bool) -> Result<Rotated, Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let withdrawn = if withdraw { withdraw_all(&transaction, now).await? } else { 0 };
    let event = Event::of_nobody(EventKind::SigningKeyRotated).with("withdrawn", withdrawn);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let published = create_within(doorward, &transaction).await?;
    transaction.commit().await?;
    doorward.apply(&published);
    doorward.announce(&recorded);
    reload(doorward).await?;
    Ok(Rotated { kid: doorward.signing().current()?.kid().to_owned(), withdrawn })
}

async fn withdraw_all(transaction: &Transaction, now: StoredTime) -> Result<u64, Error> {
    let result = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now))
        .filter(Column::RevokedAt.is_null())
        .exec(transaction)
        .await?;
    Ok(result.rows_affected)
}

/// Rotates where the present key is older than `token.key_rotation_days`, and deletes keys whose last
/// token has ended.
pub async fn rotate_by_age(doorward: &Doorward) -> Result<(), Error> {
    let days = i64::from(doorward.settings().token.key_rotation_days);
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let newest =
        Entity::find().filter(Column::RevokedAt.is_null()).order_by_desc(Column::CreatedAt).one(&transaction).await?;
    let due = days > 0 && newest.is_none_or(|key| key.created_at.plus_seconds(days * 24 * 60 * 60) <= now);
    // A day beyond the last token's end, for clocks that differ.
    let over = now.plus_seconds(-doorward.access_life_seconds() - 24 * 60 * 60);
    Entity::delete_many().filter(Column::RetiredAt.lt(over)).exec(&transaction).await?;
    if !due {
        transaction.commit().await?;
        return Ok(());
    }
    let event = Event::of_nobody(EventKind::SigningKeyRotated).with("reason", "age");
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let published = create_within(doorward, &transaction).await?;
    transaction.commit().await?;
    doorward.apply(&published);
    doorward.announce(&recorded);
    reload(doorward).await?;
    tracing::info!("the signing key was rotated by its age");
    Ok(())
}

/// Deletes every key, whatever it is sealed under.
pub async fn delete_all(database: &Database) -> Result<u64, Error> {
    let transaction = database.begin().await?;
    let result = Entity::delete_many().exec(&transaction).await?;
    // Replicas that run read the keys anew, and find none of these; there is no guard here to apply it to.
    let _ = revocation::keys_within(&transaction, StoredTime::new(SystemClock.now())).await?;
    transaction.commit().await?;
    Ok(result.rows_affected)
}

/// Makes a key and retires the others. Two replicas that do it at once make two keys, of which the
/// newer signs: no harm but a key more.
pub(super) async fn create_within(doorward: &Doorward, transaction: &Transaction) -> Result<Published, Error> {
    let now = doorward.now();
    let seed: Zeroizing<[u8; 32]> = Zeroizing::new(random_bytes(doorward.randomness()));
    let key = SigningKey::from_seed(&seed)
        .map_err(|error| Error::Internal(format!("a signing key could not be made: {error}")))?;
    Entity::update_many()
        .col_expr(Column::RetiredAt, Expr::value(now))
        .filter(Column::RetiredAt.is_null())
        .exec(transaction)
        .await?;
    ActiveModel {
        kid: Set(key.kid().to_owned()),
        public_key: Set(key.public().public.to_vec()),
        sealed_key: Set(doorward.seal().seal(key.kid(), seed.as_slice())?),
        created_at: Set(now),
        retired_at: Set(None),
        revoked_at: Set(None),
    }
    .insert(transaction)
    .await?;
    revocation::keys_within(transaction, now).await
}
