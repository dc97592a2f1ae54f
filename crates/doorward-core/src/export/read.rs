use sea_orm::{
    ConnectionTrait, QueryResult, Value as Parameter,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement},
};
use serde_json::{Map, Value};

use super::section::{Kind, SECTIONS, Section, USER};
use crate::{
    Doorward, Error, audit,
    database::{LenientText, StoredTime, UserId},
    event::{Event, EventKind},
};

/// Rows read at a time: what bounds the memory of an export.
const PAGE: u64 = 500;

/// An export under way: the sections are read a page at a time, in their order.
#[derive(Debug)]
pub struct Export {
    doorward: Doorward,
    user: UserId,
    member_since: Option<StoredTime>,
    row: Map<String, Value>,
    section: usize,
    after: Option<Parameter>,
}

/// Begins to hand out everything that is stored about a user, and records that.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn begin(doorward: &Doorward, user: UserId) -> Result<Export, Error> {
    let transaction = doorward.database().begin().await?;
    let mut select = select(&USER);
    select.and_where(Expr::col("id").eq(user));
    let row = transaction.query_one(&select).await?.ok_or(Error::UserNotFound)?;
    let member_since = row.try_get::<Option<StoredTime>>("", "member_since")?;
    let row = document(&USER, &row)?;
    let event = Event::of(EventKind::Exported, user);
    let recorded = audit::append_within(doorward, &transaction, event, doorward.now()).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(Export { doorward: doorward.clone(), user, member_since, row, section: 0, after: None })
}

impl Export {
    /// The user's own row.
    pub fn user(&self) -> &Map<String, Value> {
        &self.row
    }

    /// The next rows, of which section they are, and whether that begins and ends with them. `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Page>, Error> {
        let Some(section) = SECTIONS.get(self.section) else { return Ok(None) };
        let mut select = select(section);
        select
            .and_where(Expr::col("user_id").eq(self.user))
            .and_where_option(section.since.zip(self.member_since).map(|(column, time)| Expr::col(column).gte(time)))
            .and_where_option(self.after.clone().map(|key| Expr::col(section.key).gt(key)))
            .order_by(section.key, Order::Asc)
            .limit(PAGE);
        let found = self.doorward.database().reads().query_all(&select).await?;
        let rows = found.iter().map(|row| document(section, row)).collect::<Result<Vec<_>, _>>()?;
        let begins = self.after.is_none();
        let ends = rows.len() as u64 != PAGE;
        if ends {
            self.section += 1;
            self.after = None;
        } else {
            self.after = found.last().map(|row| key_of(section, row)).transpose()?;
        }
        Ok(Some(Page { section: section.name, rows, begins, ends }))
    }
}

/// Rows of one section.
#[derive(Debug)]
pub struct Page {
    /// The section's name.
    pub section: &'static str,
    /// The rows.
    pub rows: Vec<Map<String, Value>>,
    /// Whether they are its first.
    pub begins: bool,
    /// Whether they are its last.
    pub ends: bool,
}

fn select(section: &'static Section) -> SelectStatement {
    let columns = section.columns.iter().map(|(column, _)| *column);
    Query::select().columns(columns).from(section.table).to_owned()
}

/// Where to go on.
fn key_of(section: &Section, row: &QueryResult) -> Result<Parameter, DbErr> {
    Ok(match section.columns.iter().find(|(column, _)| *column == section.key) {
        Some((_, Kind::Text)) => row.try_get::<String>("", section.key)?.into(),
        Some((_, Kind::Hidden)) if section.key == "token_hash" => row.try_get::<Vec<u8>>("", section.key)?.into(),
        _ => row.try_get::<i64>("", section.key)?.into(),
    })
}

fn document(section: &Section, row: &QueryResult) -> Result<Map<String, Value>, DbErr> {
    let mut document = Map::new();
    for (column, kind) in section.columns {
        let text = || row.try_get::<Option<LenientText>>("", column).map(|text| text.map(|text| text.0));
        let value = match kind {
            Kind::Hidden => continue,
            Kind::Text => text()?.into(),
            Kind::Json => text()?.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap_or(text.into())),
            Kind::Time => {
                let time = row.try_get::<Option<StoredTime>>("", column)?;
                time.map(StoredTime::rfc3339).into()
            }
            Kind::Number => row.try_get::<UserId>("", column)?.0.into(),
            Kind::Flag => row.try_get::<Option<bool>>("", column)?.into(),
        };
        document.insert((*column).to_owned(), value);
    }
    Ok(document)
}
