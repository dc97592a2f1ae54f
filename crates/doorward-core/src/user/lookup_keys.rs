use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic as _, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};

use super::{Column, Entity, User, email_key, lookup_key, username_skeleton};
use crate::{
    Doorward, Error,
    database::{self, DatabaseFailure, UserId},
};

/// Rows read at a time.
const BATCH: u64 = 500;

/// A column that is filled from another.
#[derive(Clone, Copy)]
struct Filled {
    spelling: Column,
    key: Column,
    read: fn(&User) -> Option<&str>,
    key_of: fn(&str) -> String,
    /// What a row gets whose key an older one has; without it the row stays without.
    otherwise: Option<fn(&str, UserId) -> String>,
}

const USERNAME_KEY: Filled = Filled {
    spelling: Column::Username,
    key: Column::UsernameKey,
    read: |user| user.username.as_deref(),
    key_of: lookup_key,
    otherwise: None,
};

const EMAIL_KEY: Filled = Filled {
    spelling: Column::Email,
    key: Column::EmailKey,
    read: |user| user.email.as_deref(),
    key_of: email_key,
    otherwise: None,
};

/// Names that can be taken for one another are many among a million adopted users; each has a skeleton
/// of its own kind, so that it isn't looked at again and again. It is no new name's: that holds no such sign.
const USERNAME_SKELETON: Filled = Filled {
    spelling: Column::Username,
    key: Column::UsernameSkeleton,
    read: |user| user.username.as_deref(),
    key_of: username_skeleton,
    otherwise: Some(|skeleton, id| format!("{skeleton}\u{1}{id}")),
};

/// Gives rows that another application inserted the keys they are looked up by. A row whose key an
/// older user has stays without: it signs in under its exact spelling, and `doctor` names it.
/// Answers how many keys were given.
pub async fn fill_lookup_keys(doorward: &Doorward) -> Result<u64, Error> {
    let names = fill(doorward, USERNAME_KEY).await?;
    let addresses = fill(doorward, EMAIL_KEY).await?;
    fill(doorward, USERNAME_SKELETON).await?;
    Ok(names + addresses)
}

async fn fill(doorward: &Doorward, filled: Filled) -> Result<u64, Error> {
    let Filled { spelling, key, read, .. } = filled;
    let (mut after, mut given) = (None::<UserId>, 0);
    loop {
        let rows = Entity::find()
            .filter(key.is_null())
            .filter(spelling.is_not_null())
            .filter(after.map_or_else(|| Column::Id.is_not_null(), |id| Column::Id.gt(id)))
            .order_by_asc(Column::Id)
            .limit(BATCH)
            .all(doorward.database().reads())
            .await?;
        let Some(last) = rows.last() else { return Ok(given) };
        after = Some(last.id);
        let full = rows.len() as u64 == BATCH;
        given += give_keys(doorward, filled, rows.iter().filter_map(|user| Some((user.id, read(user)?)))).await?;
        if !full {
            return Ok(given);
        }
    }
}

/// The few rows of a batch that collide are left out, and so is a row that another application has renamed since it was
/// read: its turn comes again.
async fn give_keys<'a>(
    doorward: &Doorward,
    Filled { spelling, key, key_of, otherwise, .. }: Filled,
    rows: impl Iterator<Item = (UserId, &'a str)>,
) -> Result<u64, Error> {
    let wanted: Vec<(UserId, &str, String)> =
        rows.map(|(id, text)| (id, text, key_of(text))).filter(|(_, _, key)| !key.is_empty()).collect();
    let held: std::collections::HashSet<String> = holders(doorward, key, &wanted).await?;
    let mut taken = held;
    let mut values: Vec<Value> = Vec::with_capacity(wanted.len() * 3);
    for (id, text, value) in wanted {
        let value = match otherwise {
            _ if taken.insert(value.clone()) => value,
            Some(otherwise) => otherwise(&value, id),
            None => continue,
        };
        values.extend([id.into(), text.into(), value.into()]);
    }
    if values.is_empty() {
        return Ok(0);
    }
    let transaction = doorward.database().begin().await?;
    let statement = Statement::from_sql_and_values(
        transaction.get_database_backend(),
        giving(doorward.database().engine(), spelling.as_str(), key.as_str(), values.len() / 3),
        values,
    );
    match transaction.execute_raw(statement).await {
        Ok(result) => {
            transaction.commit().await?;
            Ok(result.rows_affected())
        }
        // Another replica gave a key meanwhile; the batch waits for the next turn.
        Err(error) if database::is_unique_violation(&error) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Gives `rows` rows their keys, in one statement: one each would take minutes for an adopted table of a million.
fn giving(engine: database::Engine, spelling: &str, key: &str, rows: usize) -> String {
    let row = |row: usize| {
        let [id, text, value] = [1, 2, 3].map(|place| database::mark(engine, row * 3 + place));
        format!("(CAST({id} AS BIGINT), CAST({text} AS TEXT), CAST({value} AS TEXT))")
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    // SQLite may hold bytes where a spelling should stand, which equal no text.
    // The condition on the key is one that no index answers: by that index SQLite would look through all rows without a key for
    // each of these.
    format!(
        "WITH given (id, spelling, value) AS (VALUES {}) UPDATE users SET {key} = given.value FROM given \
         WHERE users.id = given.id AND CASE WHEN users.{key} IS NULL THEN 1 END = 1 \
         AND CAST(users.{spelling} AS TEXT) = given.spelling",
        rows.join(", ")
    )
}

async fn holders(
    doorward: &Doorward,
    key: Column,
    wanted: &[(UserId, &str, String)],
) -> Result<std::collections::HashSet<String>, DatabaseFailure> {
    let mut held = std::collections::HashSet::new();
    let rows = Entity::find()
        .select_only()
        .column(key)
        .filter(key.is_in(wanted.iter().map(|(_, _, value)| value.as_str())))
        .into_tuple::<String>()
        .all(doorward.database().reads())
        .await?;
    held.extend(rows);
    Ok(held)
}

/// Whether a row that has no key yet would get the key of this name.
pub(crate) async fn is_username_unkeyed(connection: &impl ConnectionTrait, username: &str) -> Result<bool, Error> {
    is_unkeyed(connection, USERNAME_KEY, username).await
}

/// Whether a row that has no key yet would get the key of this address.
pub(crate) async fn is_email_unkeyed(connection: &impl ConnectionTrait, email: &str) -> Result<bool, Error> {
    is_unkeyed(connection, EMAIL_KEY, email).await
}

async fn is_unkeyed(
    connection: &impl ConnectionTrait,
    Filled { spelling, key, key_of, .. }: Filled,
    candidate: &str,
) -> Result<bool, Error> {
    let wanted = key_of(candidate);
    let rows = Entity::find()
        .select_only()
        .column(spelling)
        .filter(key.is_null())
        .filter(spelling.is_not_null())
        .order_by_desc(Column::Id)
        .limit(BATCH)
        .into_tuple::<database::LenientText>()
        .all(connection)
        .await?;
    Ok(rows.iter().any(|other| key_of(other) == wanted))
}
