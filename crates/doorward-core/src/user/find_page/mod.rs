//! Lists of users for administrators: filtered, searched, in an order, a page at a time. A page costs
//! the same wherever it begins.

mod cursor;
mod prefix;
mod query;
mod substring;

pub use cursor::After;
use cursor::Place;

use super::User;
use crate::{Doorward, Error, FieldProblem, database::UserId};

/// The most rows that one page holds.
pub(super) const MOST: u64 = 200;

/// The longest text that is searched for, in characters: as wide as the columns.
const SEARCH_WIDTH: usize = 64;

/// Which users, in which order.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only those whose name or address has this in it, whatever its case and Unicode form.
    pub search: Option<Search>,
    /// Only those who have this role.
    pub role: Option<String>,
    /// Only those who can't sign in now, or only those who can.
    pub disabled: Option<bool>,
    /// Only those whose address is confirmed, or only the others.
    pub confirmed: Option<bool>,
    /// Only services, or only people.
    pub service: Option<bool>,
    /// The order. A search has its own: by the text that was found, or by id.
    pub sort: Sort,
    /// From the greatest to the least.
    pub descending: bool,
}

/// What is searched for, and where in a name or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// At its beginning. Costs no more than a page, however many users there are.
    Prefix(String),
    /// Anywhere in it. Each page looks at [`SCANNED`] users at most and can hold fewer than were asked
    /// for, or none, before the last.
    Substring(String),
}

/// Users looked at for one page of a search for a part.
pub const SCANNED: u64 = 50_000;

/// The orders that an index serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By id.
    #[default]
    Id,
    /// By name as it is looked up; users without a key first.
    Username,
    /// By when the account was made; where that is unknown, first.
    MemberSince,
    /// By when they were last seen; where that is unknown, first.
    LastSeen,
}

impl Sort {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Id, Self::Username, Self::MemberSince, Self::LastSeen];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Username => "username",
            Self::MemberSince => "member_since",
            Self::LastSeen => "last_seen",
        }
    }

    /// The order of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|sort| sort.name() == name)
    }
}

/// A part of the users that are wanted.
#[derive(Debug, Clone)]
pub struct FoundPage {
    /// The users.
    pub users: Vec<User>,
    /// Where to go on; `None` on the last page. Good for the same list only.
    pub next: Option<String>,
}

/// Up to `limit` of the users that are wanted, from `after` on.
///
/// # Errors
/// [`Error::Invalid`] names `search`, `sort`, `limit`, or `cursor` where it is of another list or was
/// tampered with.
pub async fn find_page(
    doorward: &Doorward,
    wanted: &Wanted,
    after: Option<&After>,
    limit: u64,
) -> Result<FoundPage, Error> {
    if !(1..=MOST).contains(&limit) {
        return Err(Error::field("limit", FieldProblem::OutOfRange));
    }
    if wanted.search.is_some() && wanted.sort != Sort::Id {
        return Err(Error::field("sort", FieldProblem::NotAllowed));
    }
    let place = after.map(|after| cursor::open(doorward, wanted, after)).transpose()?;
    let (users, next) = match &wanted.search {
        None => query::in_order(doorward, wanted, place, limit).await?,
        Some(Search::Prefix(text)) => prefix::find(doorward, wanted, &key_of(text)?, place, limit).await?,
        Some(Search::Substring(text)) => substring::find(doorward, wanted, &key_of(text)?, place, limit).await?,
    };
    let next = next.map(|place| cursor::seal(doorward, wanted, &place)).transpose()?;
    Ok(FoundPage { users, next })
}

fn key_of(text: &str) -> Result<String, Error> {
    let refuse = |problem| Err(Error::field("search", problem));
    if text.chars().count() > SEARCH_WIDTH {
        return refuse(FieldProblem::TooLong { most: SEARCH_WIDTH, unit: "characters" });
    }
    if text.chars().any(char::is_control) {
        return refuse(FieldProblem::InvalidCharacters);
    }
    let key = super::lookup_key(text);
    if key.is_empty() { refuse(FieldProblem::Empty) } else { Ok(key) }
}

/// The page of `found`, of which one more than `limit` was read where there is more.
fn cut(mut found: Vec<User>, limit: u64) -> (Vec<User>, Option<UserId>) {
    let more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| more).map(|user| user.id);
    (found, last)
}
