use std::any::Any;

use axum::response::{IntoResponse, Response};
use doorward_core::Error;

use crate::envelope::Refusal;

/// A panic is a fault of ours: the client gets 500, the log what was said.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub(super) fn answer(panic: Box<dyn Any + Send>) -> Response {
    let said = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    metrics::counter!("doorward_panics_total").increment(1);
    Refusal(Error::Internal(format!("a handler panicked: {said}"))).into_response()
}
