use sea_orm::{
    FromQueryResult as _, JoinType, QueryOrder, QuerySelect, QueryTrait as _, Select, entity::prelude::*,
    sea_query::ExprTrait,
};

use super::{Client, Column, Entity, fingerprint};
use crate::{
    Error,
    database::{StoredTime, Transaction, UserId},
    role,
    user::{self, User},
};

/// What decides about a sign-in, as the transaction sees it, by one query: on a database in this process
/// each statement costs more than what it reads.
pub(super) struct Standing {
    pub(super) user: User,
    /// The names of the user's roles, in order.
    pub(super) roles: Vec<String>,
    /// When the device was last used, of the session that it began last.
    pub(super) device_last_used: Option<StoredTime>,
    /// Whether the user ever signed in, as far as is still known.
    pub(super) has_signed_in: bool,
    /// How many of the user's sessions go on.
    pub(super) live_sessions: u64,
}

/// `None` where there is no such user.
pub(super) async fn read_within(
    transaction: &Transaction,
    id: UserId,
    client: &Client,
    now: StoredTime,
) -> Result<Option<Standing>, Error> {
    let of_user = || Entity::find().select_only().filter(Column::UserId.eq(id));
    let last_of_device = of_user()
        .column(Column::LastSeenAt)
        .filter(Column::Fingerprint.eq(fingerprint(client).to_vec()))
        .order_by_desc(Column::Id)
        .limit(1);
    let any = of_user().column(Column::Id).limit(1);
    let live = live(of_user().expr(Column::Id.count()), now);
    let mut query = user::Entity::find_by_id(id).into_query();
    for (name, part) in [("device_last_used", last_of_device), ("any_session", any), ("live_sessions", live)] {
        query.expr_as(part.into_query(), name);
    }
    query
        .expr_as(role::AssignmentColumn::Role.into_expr(), "assigned_role")
        .join(
            JoinType::LeftJoin,
            role::Assignments,
            ExprTrait::equals(role::AssignmentColumn::UserId.into_expr(), user::Column::Id.as_column_ref()),
        )
        .order_by(role::AssignmentColumn::Role.as_column_ref(), sea_orm::Order::Asc);
    let rows = transaction.query_all(&query).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let roles = rows.iter().map(|row| row.try_get::<Option<String>>("", "assigned_role"));
    Ok(Some(Standing {
        user: User::from_query_result(first, "")?,
        roles: roles.filter_map(Result::transpose).collect::<Result<_, _>>()?,
        device_last_used: first.try_get("", "device_last_used")?,
        has_signed_in: first.try_get::<Option<String>>("", "any_session")?.is_some(),
        live_sessions: u64::try_from(first.try_get::<i64>("", "live_sessions")?).unwrap_or_default(),
    }))
}

/// Of some sessions those that go on.
pub(super) fn live(sessions: Select<Entity>, now: StoredTime) -> Select<Entity> {
    sessions.filter(Column::EndedAt.is_null()).filter(Column::ExpiresAt.gt(now))
}
