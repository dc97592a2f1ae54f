use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Search, Wanted};
use crate::{Doorward, Error, FieldProblem, database::UserId};

/// After what a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// A user, in a list by id.
    Id(UserId),
    /// What [`super::FoundPage::next`] said.
    Cursor(String),
}

/// Where a page ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Place {
    /// The text by which the list is ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    /// Or the time, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<i64>,
    /// The user, for those of equal order.
    pub(super) id: UserId,
}

impl Place {
    pub(super) fn at(id: UserId) -> Self {
        Self { text: None, time: None, id }
    }
}

/// Sealed, not only signed: a name or address in it would stand in logs of URLs.
pub(super) fn seal(doorward: &Doorward, wanted: &Wanted, place: &Place) -> Result<String, Error> {
    let plain = serde_json::to_vec(place).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(doorward.seal().seal(&list_name(wanted), &plain)?))
}

pub(super) fn open(doorward: &Doorward, wanted: &Wanted, after: &After) -> Result<Place, Error> {
    let place = match after {
        After::Id(id) => Some(Place::at(*id)),
        After::Cursor(cursor) => URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|sealed| doorward.seal().open_sealed(&list_name(wanted), &sealed))
            .and_then(|plain| serde_json::from_slice(&plain).ok()),
    };
    place.ok_or_else(|| Error::field("cursor", FieldProblem::NotAllowed))
}

/// A cursor belongs to one list: with other filters or another order it would skip or repeat.
fn list_name(wanted: &Wanted) -> String {
    let (how, text) = match &wanted.search {
        None => ("all", ""),
        Some(Search::Prefix(text)) => ("prefix", text.as_str()),
        Some(Search::Substring(text)) => ("substring", text.as_str()),
    };
    json!([
        "cursor of users",
        how,
        text,
        wanted.role,
        wanted.disabled,
        wanted.confirmed,
        wanted.service,
        wanted.sort.name(),
        wanted.descending,
    ])
    .to_string()
}
