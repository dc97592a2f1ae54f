//! What `doorward doctor` looks at: each with a verdict and the way out.

mod checks;
mod users;

use serde::Serialize;

use crate::{Doorward, Error};

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

/// Looks at everything. Changes nothing.
pub async fn examine(doorward: &Doorward) -> Result<Vec<Finding>, Error> {
    let mut findings = vec![
        checks::database(doorward).await?,
        checks::migrations(doorward).await?,
        checks::triggers(doorward).await?,
        checks::clock(doorward).await?,
        checks::keys(doorward).await?,
    ];
    findings.extend(checks::files(doorward));
    findings.extend(checks::configuration(doorward));
    findings.push(checks::write_scheme(doorward));
    findings.push(checks::administrators(doorward).await?);
    let users = users::examine(doorward).await?;
    findings.push(checks::hash_speed(doorward, users.slowest).await?);
    findings.extend(users.findings);
    Ok(findings)
}
