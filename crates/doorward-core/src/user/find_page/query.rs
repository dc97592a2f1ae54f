use sea_orm::{
    Condition, ConnectionTrait, JoinType, Order, QueryOrder, QuerySelect, Select,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, IntoCondition as _},
};

use super::{Place, Sort, Wanted, cut};
use crate::{
    Doorward, Error,
    database::{StoredTime, UserId, in_byte_order},
    role,
    user::{Column, Entity, User, enabled_at},
};

/// In the words of the indexes, or they would not serve.
pub(super) const USERNAME: &str = "COALESCE(users.username_key, '')";
pub(super) const EMAIL: &str = "COALESCE(users.email_key, '')";
const MEMBER_SINCE: &str = "COALESCE(users.member_since, '0001-01-01 00:00:00.000000')";
const LAST_SEEN: &str = "COALESCE(users.last_seen, '0001-01-01 00:00:00.000000')";

/// 0001-01-01, which stands for an unknown time, in milliseconds since 1970.
const UNKNOWN_MS: i64 = -62_135_596_800_000;

/// Those that pass the filters, in no order yet.
pub(super) fn filtered(wanted: &Wanted, now: StoredTime) -> Select<Entity> {
    let mut query = Entity::find();
    if let Some(role) = &wanted.role {
        let has_it = Expr::col((role::Assignments, role::AssignmentColumn::UserId))
            .equals((Entity, Column::Id))
            .and(Expr::col((role::Assignments, role::AssignmentColumn::Role)).eq(role.as_str()));
        QuerySelect::query(&mut query).join(JoinType::InnerJoin, role::Assignments, has_it.into_condition());
    }
    match wanted.disabled {
        Some(true) => {
            let lasting = Condition::any().add(Column::DisabledUntil.is_null()).add(Column::DisabledUntil.gt(now));
            query = query.filter(Column::DisabledAt.is_not_null()).filter(lasting);
        }
        Some(false) => query = query.filter(enabled_at(now)),
        None => {}
    }
    match wanted.confirmed {
        Some(true) => query = query.filter(Expr::cust("users.confirmed")),
        Some(false) => query = query.filter(Expr::cust("(users.confirmed IS NULL OR NOT users.confirmed)")),
        None => {}
    }
    match wanted.service {
        Some(true) => query = query.filter(Expr::cust("users.service")),
        Some(false) => query = query.filter(Expr::cust("(users.service IS NULL OR NOT users.service)")),
        None => {}
    }
    query
}

/// The id by which the list is read: of the assignments, where a role is wanted, whose index has them in
/// this order.
pub(super) fn id_of(wanted: &Wanted) -> Expr {
    if wanted.role.is_some() {
        Expr::col((role::Assignments, role::AssignmentColumn::UserId))
    } else {
        Expr::col((Entity, Column::Id))
    }
}

/// A page of the list in its order.
pub(super) async fn in_order(
    doorward: &Doorward,
    wanted: &Wanted,
    after: Option<Place>,
    limit: u64,
) -> Result<(Vec<User>, Option<Place>), Error> {
    let reads = doorward.database().reads();
    let order = if wanted.descending { Order::Desc } else { Order::Asc };
    let mut query = filtered(wanted, doorward.now());
    let id = id_of(wanted);
    match key(reads, wanted.sort) {
        None => {
            if let Some(place) = after {
                query = query.filter(beyond(id.clone(), Expr::value(place.id), wanted.descending));
            }
        }
        Some(key) => {
            if let Some(place) = after {
                // SQLite seeks in an index of an expression by the plain comparison only.
                let at = value_of(&place);
                query = query.filter(if wanted.descending { key.clone().lte(at) } else { key.clone().gte(at) });
                let place = Expr::tuple([value_of(&place), Expr::value(place.id)]);
                let here = Expr::tuple([key.clone(), Expr::col((Entity, Column::Id))]);
                query = query.filter(beyond(here, place, wanted.descending));
            }
            query = query.order_by(key, order.clone());
        }
    }
    let id = if wanted.sort == Sort::Id { id } else { Expr::col((Entity, Column::Id)) };
    let found = query.order_by(id, order).limit(limit + 1).all(reads).await?;
    let (users, last) = cut(found, limit);
    let next = last.and(users.last()).map(|user| place_of(user, wanted.sort));
    Ok((users, next))
}

fn beyond(here: Expr, place: Expr, descending: bool) -> Expr {
    if descending { here.lt(place) } else { here.gt(place) }
}

fn key(connection: &impl ConnectionTrait, sort: Sort) -> Option<Expr> {
    match sort {
        Sort::Id => None,
        Sort::Username => Some(in_byte_order(connection, USERNAME)),
        Sort::MemberSince => Some(Expr::cust(MEMBER_SINCE)),
        Sort::LastSeen => Some(Expr::cust(LAST_SEEN)),
    }
}

fn place_of(user: &User, sort: Sort) -> Place {
    let mut place = Place::at(user.id);
    let time =
        |time: Option<StoredTime>| Some(time.unwrap_or(StoredTime::from_unix_ms(UNKNOWN_MS)).utc().timestamp_micros());
    match sort {
        Sort::Id => {}
        Sort::Username => place.text = Some(user.username_key.as_deref().unwrap_or_default().to_owned()),
        Sort::MemberSince => place.time = time(user.member_since),
        Sort::LastSeen => place.time = time(user.last_seen),
    }
    place
}

fn value_of(place: &Place) -> Expr {
    match place.time {
        Some(micros) => {
            Expr::value(StoredTime::new(chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default()))
        }
        None => Expr::value(place.text.clone().unwrap_or_default()),
    }
}

/// Users above this id, for what reads a window of the table.
pub(super) fn ids_after(after: Option<UserId>) -> Select<Entity> {
    let query = Entity::find();
    match after {
        Some(id) => query.filter(Column::Id.gt(id)),
        None => query,
    }
}
