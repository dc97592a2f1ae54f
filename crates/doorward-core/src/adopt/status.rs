use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Sightings, count_schemes, discover,
    seen::{SignOf, seen_since},
};
use crate::{Doorward, Error, database::Origin, password};

/// What still depends on the application that the users come from.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// How many users have a password's hash of which scheme.
    pub schemes: BTreeMap<&'static str, u64>,
    /// The scheme that is written now.
    pub write_scheme: &'static str,
    /// The days that were looked at.
    pub days: u32,
    /// Tokens of the application's that came to Doorward.
    pub tokens: Sightings,
    /// Cookies of the application's that were exchanged for a session.
    pub cookies: Sightings,
    /// Whether the application can be switched off as far as Doorward sees: nobody came lately who had signed in there.
    pub can_be_switched_off: bool,
}

/// Looks at an adopted database.
///
/// # Errors
/// [`Error::Startup`] for a database that Doorward made.
pub async fn status(doorward: &Doorward, days: u32) -> Result<Status, Error> {
    if doorward.origin() == Origin::Made {
        return Err(Error::startup(
            "this database is Doorward's own: no other application depends on it",
            "there is nothing to cut over",
        ));
    }
    let found = discover(doorward.database(), Some("users")).await?;
    let tokens = seen_since(doorward, SignOf::Token, days).await?;
    let cookies = seen_since(doorward, SignOf::Cookie, days).await?;
    Ok(Status {
        schemes: count_schemes(doorward.database(), &found).await?,
        write_scheme: password::write_scheme(doorward.settings(), doorward.origin()).name(),
        days,
        tokens,
        cookies,
        can_be_switched_off: tokens.count + cookies.count == 0,
    })
}
