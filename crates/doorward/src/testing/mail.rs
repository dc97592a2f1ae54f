use axum::extract::State;
use doorward::{Envelope, Refusal};
use doorward_core::mail::{self, Which};
use serde_json::{Value, json};

use super::Testing;

/// The most mails that are shown.
const MOST: u64 = 200;

/// What would have been sent, the oldest first: nothing is, and everything can be read.
pub(super) async fn list(State(testing): State<Testing>) -> Result<Envelope<Value>, Refusal> {
    let doorward = testing.doorward();
    let core = doorward.core();
    let mut rows = mail::list(core.database().reads(), Which::All, MOST).await?;
    rows.reverse();
    let shown = rows.iter().map(|row| {
        let rendered = mail::rendered(core, row);
        json!({
            "to": row.recipient,
            "template": row.template,
            "language": row.language,
            "variables": mail::variables_of(core, row),
            "subject": rendered.as_ref().map(|mail| &mail.subject),
            "text": rendered.as_ref().map(|mail| &mail.text),
            "html": rendered.as_ref().map(|mail| &mail.html),
        })
    });
    Ok(Envelope::successful(shown.collect()))
}
