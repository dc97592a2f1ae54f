use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use doorward_core::{Error, SystemRandomness, random_bytes};
use http::{HeaderName, HeaderValue};
use tracing::Instrument as _;

use super::finish::error_of;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request, for what is written about it.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives every request an id that answer and log carry, counts it, and logs how it ended.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", id = %id, method = %method, route);
    let mut response = next.run(request).instrument(span.clone()).await;

    let (seconds, status) = (begun.elapsed().as_secs_f64(), response.status().as_u16());
    metrics::counter!(
        "doorward_requests_total",
        "method" => known_method(&method), "route" => route.clone(), "status" => status.to_string()
    )
    .increment(1);
    metrics::histogram!("doorward_request_duration_seconds", "route" => route).record(seconds);
    span.in_scope(|| log(&response, status, seconds));
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

fn log(response: &Response, status: u16, seconds: f64) {
    let Some(error) = error_of(response) else {
        tracing::debug!(status, seconds, "answered");
        return;
    };
    let name = error.name();
    match error.as_ref() {
        Error::Internal(_) | Error::Startup { .. } => {
            tracing::error!(status, error = name, reason = %error, "failed");
        }
        Error::Unavailable(_) => tracing::warn!(status, error = name, reason = %error, "unavailable"),
        _ => tracing::info!(status, error = name, reason = %error, "refused"),
    }
}

/// The id that a proxy in front gave, if it is one, so that both logs can be read together; else a
/// new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let usable = given.filter(|id| {
        (8..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    });
    usable.map_or_else(|| format!("{:032x}", u128::from_be_bytes(random_bytes(&SystemRandomness))), str::to_owned)
}

/// A method that a stranger made up must not become a label.
fn known_method(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
