use axum::{Json, extract::State};
use chrono::{DateTime, SecondsFormat, Utc};
use doorward::{Envelope, Refusal};
use doorward_core::{Clock as _, Error, FieldProblem};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Testing;

/// Ten years: beyond it, times no longer fit everywhere.
const MOST_SECONDS: i64 = 10 * 365 * 24 * 60 * 60;

/// How the clock is to be set: one of both.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    /// On by so many seconds; back where negative.
    advance: Option<i64>,
    /// To this time (RFC 3339).
    now: Option<DateTime<Utc>>,
}

/// What time it is for Doorward.
pub(super) async fn show(State(testing): State<Testing>) -> Envelope<Value> {
    told(&testing)
}

/// Sets the clock, and lets happen what happens by then.
pub(super) async fn set(
    State(testing): State<Testing>,
    body: Result<Json<Setting>, axum::extract::rejection::JsonRejection>,
) -> Result<Envelope<Value>, Refusal> {
    let Json(setting) = body.map_err(|rejection| Error::MalformedRequest(rejection.body_text().into()))?;
    let clock = &testing.inner.clock;
    match (setting.advance, setting.now) {
        (Some(seconds), None) if seconds.abs() <= MOST_SECONDS => clock.advance(seconds),
        (Some(_), None) => return Err(Error::field("advance", FieldProblem::OutOfRange).into()),
        (None, Some(time)) if (time - Utc::now()).num_seconds().abs() <= MOST_SECONDS => clock.set(time),
        (None, Some(_)) => return Err(Error::field("now", FieldProblem::OutOfRange).into()),
        _ => return Err(Error::field("advance", FieldProblem::Required).into()),
    }
    let doorward = testing.doorward();
    let core = doorward.core();
    core.open_feed().await?;
    core.flush_activity().await?;
    Box::pin(core.keep_house()).await?;
    Ok(told(&testing))
}

fn told(testing: &Testing) -> Envelope<Value> {
    let now = testing.inner.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    Envelope::successful(json!({ "now": now }))
}
