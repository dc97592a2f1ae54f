use axum::extract::State;
use doorward::{Envelope, Refusal};
use serde_json::{Value, json};

use super::{PASSWORD, Testing, USERNAMES};

/// Begins anew, with the clock at the machine's time: no user, session, token, key or mail of before is left.
pub(super) async fn reset(State(testing): State<Testing>) -> Result<Envelope<Value>, Refusal> {
    testing.reset().await?;
    Ok(Envelope::successful(json!({"users": USERNAMES, "password": PASSWORD})))
}
