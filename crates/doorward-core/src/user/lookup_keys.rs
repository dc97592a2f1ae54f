use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait as _},
};

use super::{Column, Entity, User, lookup_key};
use crate::{
    Doorward, Error,
    database::{self, DatabaseFailure, UserId},
};

/// Rows read at a time.
const BATCH: u64 = 500;

/// Gives rows that another application inserted the keys they are looked up by. A row whose key an
/// older user has stays without: it signs in under its exact spelling, and `doctor` names it.
/// Answers how many keys were given.
pub async fn fill_lookup_keys(doorward: &Doorward) -> Result<u64, Error> {
    let names = fill(doorward, Column::Username, Column::UsernameKey, |user| user.username.as_deref()).await?;
    let addresses = fill(doorward, Column::Email, Column::EmailKey, |user| user.email.as_deref()).await?;
    Ok(names + addresses)
}

async fn fill(
    doorward: &Doorward,
    spelling: Column,
    key: Column,
    read: impl Fn(&User) -> Option<&str>,
) -> Result<u64, Error> {
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
        given +=
            give_keys(doorward, (spelling, key), rows.iter().filter_map(|user| Some((user.id, read(user)?)))).await?;
        if !full {
            return Ok(given);
        }
    }
}

/// One transaction for a batch; the few rows that collide are left out one by one, and so is a row that
/// another application has renamed since it was read: its turn comes again.
async fn give_keys<'a>(
    doorward: &Doorward,
    (spelling, key): (Column, Column),
    rows: impl Iterator<Item = (UserId, &'a str)>,
) -> Result<u64, Error> {
    let wanted: Vec<(UserId, &str, String)> =
        rows.map(|(id, text)| (id, text, lookup_key(text))).filter(|(_, _, key)| !key.is_empty()).collect();
    let held: std::collections::HashSet<String> = holders(doorward, key, &wanted).await?;
    let mut taken = held;
    let mut given = 0;
    let transaction = doorward.database().begin().await?;
    for (id, text, value) in wanted {
        if !taken.insert(value.clone()) {
            continue;
        }
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

/// Whether a row that has no key yet would get the key of `candidate`.
pub(super) async fn is_unkeyed(
    connection: &impl ConnectionTrait,
    spelling: Column,
    key: Column,
    candidate: &str,
) -> Result<bool, Error> {
    let wanted = lookup_key(candidate);
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
    Ok(rows.iter().any(|other| lookup_key(other) == wanted))
}
