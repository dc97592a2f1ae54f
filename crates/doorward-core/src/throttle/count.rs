use sea_orm::{
    ActiveValue::Set,
    FromQueryResult as _, Iterable as _, QueryTrait as _,
    entity::prelude::*,
    sea_query::{CaseStatement, Expr, ExprTrait as _, OnConflict},
};

use super::{Column, Entity, LoginFailure, bucket::Bucket, entity::failure::ActiveModel};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction},
};

/// A count, and what becomes of it.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) bucket: Bucket,
    /// So many are let through.
    pub(super) limit: u32,
    /// For how long a count is kept, in seconds.
    pub(super) keep: u64,
    /// Whether that is since the first, and not since the last.
    pub(super) since_first: bool,
}

/// Seconds until `until`, at least one.
pub(super) fn seconds_until(until: StoredTime, now: StoredTime) -> u32 {
    let ms = std::cmp::max(until.unix_ms() - now.unix_ms(), 0).unsigned_abs();
    u32::try_from(std::cmp::max(ms.div_ceil(1_000), 1)).unwrap_or(u32::MAX)
}

/// For how long nothing more is let through under these rules, as far as it stands in the database. It
/// takes no lock: what is refused anyway costs as little as can be.
pub(super) async fn waiting(doorward: &Doorward, rules: &[Rule], now: StoredTime) -> Result<Option<u32>, Error> {
    let rows = Entity::find()
        .filter(Column::Bucket.is_in(rules.iter().map(|rule| rule.bucket.0.clone())))
        .filter(Column::BlockedUntil.gt(now))
        .filter(Column::ExpiresAt.gt(now))
        .all(doorward.database().reads())
        .await?;
    Ok(rows.iter().filter_map(|row| row.blocked_until).max().map(|until| seconds_until(until, now)))
}

/// How many stand there now.
pub(super) async fn failures_of(doorward: &Doorward, bucket: &Bucket) -> Result<i64, Error> {
    let row = Entity::find_by_id(bucket.0.clone()).one(doorward.database().reads()).await?;
    let now = doorward.now();
    Ok(row.filter(|row| row.expires_at > now).map_or(0, |row| row.failures))
}

/// Counts one more under each rule, all at one stroke: what was forgotten begins anew. Answers the counts in the rules' order,
/// which is that of their buckets, or two that count the same could wait for each other in a circle.
pub(super) async fn add(
    transaction: &Transaction,
    rules: &[Rule],
    now: StoredTime,
) -> Result<Vec<LoginFailure>, Error> {
    let rows = rules.iter().map(|rule| ActiveModel {
        bucket: Set(rule.bucket.0.clone()),
        failures: Set(1),
        first_at: Set(now),
        last_at: Set(now),
        blocked_until: Set(None),
        expires_at: Set(now.plus_seconds(i64::try_from(rule.keep).unwrap_or(i64::MAX))),
    });
    let old = |column: Column| Expr::col((Entity, column));
    let new = |column: Column| Expr::col(("excluded", column));
    let forgotten = || old(Column::ExpiresAt).lte(now);
    let if_forgotten = |then: Expr, otherwise: Expr| -> Expr {
        CaseStatement::new().case(forgotten(), then).finally(otherwise).into()
    };
    let since_first = rules.iter().filter(|rule| rule.since_first).map(|rule| rule.bucket.0.clone());
    let kept_until: Expr = CaseStatement::new()
        .case(forgotten(), new(Column::ExpiresAt))
        .case(old(Column::Bucket).is_in(since_first), old(Column::ExpiresAt))
        .finally(new(Column::ExpiresAt))
        .into();
    let conflict = OnConflict::column(Column::Bucket)
        .value(Column::Failures, if_forgotten(Expr::value(1_i64), old(Column::Failures).add(1_i64)))
        .value(Column::FirstAt, if_forgotten(Expr::value(now), old(Column::FirstAt)))
        .value(Column::LastAt, Expr::value(now))
        .value(Column::BlockedUntil, if_forgotten(Expr::value(None::<StoredTime>), old(Column::BlockedUntil)))
        .value(Column::ExpiresAt, kept_until)
        .to_owned();
    let mut insert = Entity::insert_many(rows).on_conflict(conflict).into_query();
    insert.returning(sea_orm::sea_query::Query::returning().columns(Column::iter()));
    let counted = transaction.query_all(&insert).await?;
    let mut counted =
        counted.iter().map(|row| LoginFailure::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    // In which order the rows come back, no engine promises.
    counted.sort_by_key(|row| rules.iter().position(|rule| rule.bucket.0 == row.bucket));
    if counted.len() != rules.len() {
        return Err(Error::Internal("a count did not come back".into()));
    }
    Ok(counted)
}

/// Lets nothing more through until then.
pub(super) async fn block(transaction: &Transaction, row: &LoginFailure, until: StoredTime) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::BlockedUntil, Expr::value(until))
        .col_expr(Column::ExpiresAt, Expr::value(std::cmp::max(row.expires_at, until)))
        .filter(Column::Bucket.eq(row.bucket.clone()))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Takes one back that turned out to be none, and the wait that it began.
pub(super) async fn take_back(
    transaction: &Transaction,
    bucket: &Bucket,
    began: Option<StoredTime>,
) -> Result<(), Error> {
    let positive: Expr = CaseStatement::new()
        .case(Expr::col(Column::Failures).gt(0_i64), Expr::col(Column::Failures).sub(1_i64))
        .finally(Expr::value(0_i64))
        .into();
    let mut update = Entity::update_many().col_expr(Column::Failures, positive);
    if let Some(began) = began {
        let kept: Expr = CaseStatement::new()
            .case(Expr::col(Column::BlockedUntil).eq(began), Expr::value(None::<StoredTime>))
            .finally(Expr::col(Column::BlockedUntil))
            .into();
        update = update.col_expr(Column::BlockedUntil, kept);
    }
    update.filter(Column::Bucket.eq(bucket.0.clone())).exec(transaction).await?;
    Ok(())
}

/// Forgets a count.
pub(super) async fn forget(transaction: &Transaction, bucket: &Bucket) -> Result<(), Error> {
    Entity::delete_many().filter(Column::Bucket.eq(bucket.0.clone())).exec(transaction).await?;
    Ok(())
}
