use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait as _},
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

/// One transaction for a batch; the few rows that collide are left out one by one, and so is a row that
/// another application has renamed since it was read: its turn comes again.
async fn give_keys<'a>(
    doorward: &Doorward,
    Filled { spelling, key, key_of, otherwise, .. }: Filled,
    rows: impl Iterator<Item = (UserId, &'a str)>,
) -> Result<u64, Error> {
    let wanted: Vec<(UserId, &str, String)> =
        rows.map(|(id, text)| (id, text, key_of(text))).filter(|(_, _, key)| !key.is_empty()).collect();
    let held: std::collections::HashSet<String> = holders(doorward, key, &wanted).await?;
    let mut taken = held;
    let mut given = 0;
    let transaction = doorward.database().begin().await?;
    for (id, text, value) in wanted {
        let value = match otherwise {
            _ if taken.insert(value.clone()) => value,
            Some(otherwise) => otherwise(&value, id),
            None => continue,
        };
        let as_it_was_read = Entity::update_many()
            .col_expr(key, Expr::value(value))
            .filter(Column::Id.eq(id))
            .filter(key.is_null())
            // SQLite may hold bytes there, which equal no text.
            .filter(spelling.into_expr().cast_as("TEXT").eq(text));
        match as_it_was_read.exec(&transaction).await {
            Ok(result) => given += result.rows_affected,
            // Another replica gave the key meanwhile; the rest of the batch waits for the next turn.
            Err(error) if database::is_unique_violation(&error) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
    }
    transaction.commit().await?;
    Ok(given)
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
