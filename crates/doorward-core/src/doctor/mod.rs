//! What `doorward doctor` looks at: each with a verdict and the way out.

mod administrators;
mod clock;
mod configuration;
mod database;
mod files;
mod hash_speed;
mod keys;
mod migrations;
mod triggers;
mod trouble;
mod users;
mod write_scheme;

use serde::Serialize;

use crate::{Doorward, Error};

/// The width of `users.password_hash` in the Flask system's table, in characters.
const HASH_WIDTH: usize = 128;

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// It works, and something should be looked at.
    Warn,
    /// Something does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: a stable name.
    pub check: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub detail: String,
    /// What to do about it.
    pub way_out: Option<String>,
    /// How many users it concerns, where it concerns users.
    pub count: Option<u64>,
    /// Their ids, the first hundred.
    pub user_ids: Vec<i64>,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, detail: detail.into(), way_out: None, count: None, user_ids: Vec::new() }
    }

    fn warn(check: &'static str, detail: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, way_out: Some(way_out.into()), ..Self::ok(check, detail) }
    }

    fn fail(check: &'static str, detail: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(check, detail, way_out) }
    }
}

/// Looks at everything. Changes nothing. A question that the database does not answer is a finding
/// too, and the others are asked all the same.
pub async fn examine(doorward: &Doorward) -> Result<Vec<Finding>, Error> {
    let mut findings = vec![
        unless_refused("database", database::examine(doorward).await),
        unless_refused("migrations", migrations::examine(doorward).await),
        unless_refused("triggers", triggers::examine(doorward).await),
        unless_refused("clock", clock::examine(doorward).await),
        unless_refused("keys", keys::examine(doorward).await),
    ];
    findings.extend(files::examine(doorward));
    findings.extend(configuration::examine(doorward));
    findings.push(write_scheme::examine(doorward));
    findings.push(unless_refused("administrators", administrators::examine(doorward).await));
    let users = users::examine(doorward).await;
    let slowest = users.as_ref().ok().and_then(|users| users.slowest);
    findings.push(unless_refused("hash_speed", hash_speed::examine(doorward, slowest).await));
    match users {
        Ok(users) => findings.extend(users.findings),
        Err(error) => findings.push(unless_refused("users", Err(error))),
    }
    Ok(findings)
}

/// Looks at the users alone, at what is written for them, and how long that takes. Changes nothing.
pub(crate) async fn examine_users(doorward: &Doorward) -> Result<Vec<Finding>, Error> {
    let users = users::examine(doorward).await?;
    let mut findings = vec![write_scheme::examine(doorward), hash_speed::examine(doorward, users.slowest).await?];
    findings.extend(users.findings);
    Ok(findings)
}

fn unless_refused(check: &'static str, examined: Result<Finding, Error>) -> Finding {
    examined.unwrap_or_else(|error| {
        Finding::fail(check, format!("it can't be told: {error}"), "mend what `database` says, and ask again")
    })
}
