use doorward_guard::SessionId;
use sea_orm::{ActiveValue::Set, Condition, PaginatorTrait, QuerySelect, entity::prelude::*};

use super::{ActiveModel, ApiKey, ApiKeyRow, Column, Entity, check_scopes, scope::is_for_services};
use crate::{
    Doorward, Error, FieldError, FieldProblem,
    audit::{self, Recorded},
    database::{StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    random_bytes,
    user::{self, User},
};

/// The longest name, as its column has it, in characters.
const NAME_WIDTH: usize = 64;
/// The life of a key that ends by itself, in seconds: a minute to ten years.
const LIFE: std::ops::RangeInclusive<u64> = 60..=10 * 365 * 24 * 60 * 60;

/// An API key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What its owner calls it.
    pub name: String,
    /// What it is narrowed to: see [`check_scopes`].
    pub scopes: Vec<String>,
    /// After how many seconds it ends by itself.
    pub expires_in: Option<u64>,
}

impl NewApiKey {
    /// Whether it can be made, as far as the key itself tells.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the bad fields.
    pub fn check(&self) -> Result<(), Error> {
        let mut bad = Vec::new();
        let mut refuse = |field: &'static str, problem| bad.push(FieldError { field: field.into(), problem });
        if self.name.trim().is_empty() {
            refuse("name", FieldProblem::Empty);
        } else if self.name.chars().count() > NAME_WIDTH {
            refuse("name", FieldProblem::TooLong { most: NAME_WIDTH, unit: "characters" });
        } else if self.name.chars().any(char::is_control) {
            refuse("name", FieldProblem::InvalidCharacters);
        }
        if let Err(problem) = check_scopes(&self.scopes) {
            refuse("scopes", problem);
        }
        if self.expires_in.is_some_and(|life| !LIFE.contains(&life)) {
            refuse("expires_in", FieldProblem::OutOfRange);
        }
        if bad.is_empty() { Ok(()) } else { Err(Error::Invalid(bad)) }
    }
}

/// An API key that was just made.
#[derive(Debug)]
pub struct CreatedApiKey {
    /// Its row.
    pub row: ApiKeyRow,
    /// The key: nothing else knows it.
    pub key: ApiKey,
}

/// Makes an API key for a user. Who asks must have proved who they are: see
/// [`session::require_recent_proof`](crate::session::require_recent_proof).
///
/// # Errors
/// [`Error::Invalid`] names the bad fields; [`Error::ApiKeyLimit`] where the user has as many as may be.
pub async fn create(doorward: &Doorward, user: UserId, new: NewApiKey) -> Result<CreatedApiKey, Error> {
    new.check()?;
    let mut scopes: Vec<&str> = Vec::new();
    for scope in &new.scopes {
        if !scopes.contains(&scope.as_str()) {
            scopes.push(scope);
        }
    }
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let expires_at = new.expires_in.map(|life| now.plus_seconds(i64::try_from(life).unwrap_or(i64::MAX)));
    let (created, recorded) = create_within(doorward, &transaction, user, &new.name, &scopes, expires_at, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(created)
}

/// The same in a transaction, for a name and scopes that were checked.
pub(super) async fn create_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: UserId,
    name: &str,
    scopes: &[&str],
    expires_at: Option<StoredTime>,
    now: StoredTime,
) -> Result<(CreatedApiKey, Recorded), Error> {
    let key = ApiKey::random(doorward.randomness());
    let created_ms = u64::try_from(now.unix_ms()).unwrap_or_default();
    let id = SessionId::new(created_ms, random_bytes(doorward.randomness()));
    // Two who make the last key that may be take turns on the user's row.
    let owner = user::Entity::find_by_id(user).lock_exclusive().one(transaction).await?;
    let owner = owner.filter(|user: &User| user.is_enabled(now)).ok_or(Error::UserNotFound)?;
    if owner.service != Some(true) && scopes.iter().any(|scope| is_for_services(scope)) {
        return Err(Error::field("scopes", FieldProblem::Reserved));
    }
    let alive = Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::RevokedAt.is_null())
        .filter(Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now)))
        .count(transaction)
        .await?;
    if alive >= u64::from(doorward.settings().api_keys.max_per_user) {
        return Err(Error::ApiKeyLimit);
    }
    let row = ActiveModel {
        id: Set(id.to_string()),
        user_id: Set(user),
        key_hash: Set(key.hash().to_vec()),
        shown: Set(key.shown().to_owned()),
        name: Set(name.to_owned()),
        scopes: Set(scopes.join(" ")),
        created_at: Set(now),
        expires_at: Set(expires_at),
        last_used_at: Set(None),
        revoked_at: Set(None),
    }
    .insert(transaction)
    .await?;
    let event = Event::of(EventKind::ApiKeyCreated, user)
        .with("api_key", row.id.as_str())
        .with("shown", row.shown.as_str())
        .with("name", row.name.as_str())
        .with("scopes", scopes.to_vec());
    let recorded = audit::append_within(doorward, transaction, event, now).await?;
    Ok((CreatedApiKey { row, key }, recorded))
}
