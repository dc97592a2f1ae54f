use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{Condition, ConnectionTrait, Order, QueryOrder, QuerySelect, Select, entity::prelude::*};
use subtle::ConstantTimeEq as _;

use super::{AuditEvent, Column, Entity};
use crate::{
    Doorward, Error, FieldProblem,
    database::{StoredTime, UserId},
    event::EventKind,
    user,
};

/// The most rows of one page.
pub const MOST: u64 = 200;
/// The length of a cursor's MAC, in bytes.
const TAG: usize = 16;

/// Which rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// What happened to this user.
    pub user: Option<UserId>,
    /// What this user did.
    pub actor: Option<UserId>,
    /// This kind, by its name.
    pub kind: Option<String>,
    /// From this time on.
    pub since: Option<StoredTime>,
    /// Before this time.
    pub until: Option<StoredTime>,
}

/// A place among all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    at: StoredTime,
    stream: i32,
    sequence: i64,
}

impl Place {
    /// The place of this row.
    pub fn of(row: &AuditEvent) -> Self {
        Self { at: row.at, stream: row.stream, sequence: row.sequence }
    }
}

/// A part of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<AuditEvent>,
    /// What to go on with; none on the last page.
    pub next: Option<String>,
}

impl Filter {
    fn select(&self) -> Select<Entity> {
        let mut query = Entity::find();
        if let Some(user) = self.user {
            query = query.filter(Column::UserId.eq(user));
        }
        if let Some(actor) = self.actor {
            query = query.filter(Column::ActorId.eq(actor));
        }
        if let Some(kind) = &self.kind {
            query = query.filter(Column::Kind.eq(kind.as_str()));
        }
        if let Some(since) = self.since {
            query = query.filter(Column::At.gte(since));
        }
        if let Some(until) = self.until {
            query = query.filter(Column::At.lt(until));
        }
        query
    }
}

/// Up to `limit` rows in the order of time, after or before a place: the cost does not depend on how many
/// there are.
pub async fn rows(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    beyond: Option<Place>,
    newest_first: bool,
    limit: u64,
) -> Result<Vec<AuditEvent>, Error> {
    let mut query = filter.select();
    if let Some(Place { at, stream, sequence }) = beyond {
        let past = |column: Column, value: sea_orm::Value| {
            if newest_first { column.lt(value) } else { column.gt(value) }
        };
        let in_stream = Condition::all().add(Column::Stream.eq(stream)).add(past(Column::Sequence, sequence.into()));
        let of_time = Condition::any().add(past(Column::Stream, stream.into())).add(in_stream);
        // The first condition follows from the others, and lets the index on time be used.
        query = query.filter(if newest_first { Column::At.lte(at) } else { Column::At.gte(at) }).filter(
            Condition::any().add(past(Column::At, at.into())).add(Condition::all().add(Column::At.eq(at)).add(of_time)),
        );
    }
    let order = if newest_first { Order::Desc } else { Order::Asc };
    Ok(query
        .order_by(Column::At, order.clone())
        .order_by(Column::Stream, order.clone())
        .order_by(Column::Sequence, order)
        .limit(limit)
        .all(connection)
        .await?)
}

/// A page, newest first. `cursor` is what the page before answered as `next`.
///
/// # Errors
/// [`Error::Invalid`] of `cursor`: it is none that was answered for this filter.
pub async fn page(doorward: &Doorward, filter: &Filter, cursor: Option<&str>, limit: u64) -> Result<Page, Error> {
    let limit = limit.clamp(1, MOST);
    let beyond = match cursor {
        Some(cursor) => {
            let place = read_cursor(doorward, filter, cursor);
            Some(place.ok_or_else(|| Error::field("cursor", FieldProblem::NotAllowed))?)
        }
        None => None,
    };
    let mut rows = rows(doorward.database().reads(), filter, beyond, true, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|row| write_cursor(doorward, filter, Place::of(row)));
    Ok(Page { rows, next })
}

/// Since when the rows of this id are this user's. SQLite gives the id of a deleted user to the next, who
/// must not read what happened to the one before.
pub async fn life_began(doorward: &Doorward, user: UserId) -> Result<Option<StoredTime>, Error> {
    let reads = doorward.database().reads();
    let deleted = Filter { user: Some(user), kind: Some(EventKind::Deleted.name().into()), ..Filter::default() };
    let deleted = rows(reads, &deleted, None, true, 1).await?.pop();
    let after_deleted = deleted.map(|row| StoredTime::new(row.at.utc() + chrono::Duration::microseconds(1)));
    let member_since = user::find_by_id(reads, user).await?.and_then(|user| user.member_since);
    Ok(std::cmp::max(after_deleted, member_since))
}

/// The place, under a MAC that binds it to the filter: a cursor of one's own rows opens nobody else's.
fn write_cursor(doorward: &Doorward, filter: &Filter, place: Place) -> String {
    let bytes = place_bytes(place);
    URL_SAFE_NO_PAD.encode([&bytes[..], &cursor_tag(doorward, filter, &bytes)].concat())
}

fn read_cursor(doorward: &Doorward, filter: &Filter, cursor: &str) -> Option<Place> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (bytes, tag) = bytes.split_at_checked(20)?;
    if !bool::from(cursor_tag(doorward, filter, bytes).ct_eq(tag)) {
        return None;
    }
    let micros = i64::from_be_bytes(bytes[..8].try_into().ok()?);
    Some(Place {
        at: StoredTime::new(chrono::DateTime::from_timestamp_micros(micros)?),
        stream: i32::from_be_bytes(bytes[8..12].try_into().ok()?),
        sequence: i64::from_be_bytes(bytes[12..].try_into().ok()?),
    })
}

fn place_bytes(place: Place) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&place.at.utc().timestamp_micros().to_be_bytes());
    bytes[8..12].copy_from_slice(&place.stream.to_be_bytes());
    bytes[12..].copy_from_slice(&place.sequence.to_be_bytes());
    bytes
}

fn cursor_tag(doorward: &Doorward, filter: &Filter, place: &[u8]) -> [u8; TAG] {
    let number = |id: Option<UserId>| id.map(|id| id.0);
    let micros = |time: Option<StoredTime>| time.map(|time| time.utc().timestamp_micros());
    let bound = serde_json::json!([
        number(filter.user),
        number(filter.actor),
        filter.kind,
        micros(filter.since),
        micros(filter.until)
    ]);
    let mac = doorward.seal().tag("audit cursor", &[place, bound.to_string().as_bytes()].concat());
    let mut tag = [0; TAG];
    tag.copy_from_slice(&mac[..TAG]);
    tag
}
