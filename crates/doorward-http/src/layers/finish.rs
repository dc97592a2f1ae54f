use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use doorward_core::{
    Error,
    throttle::{Quota, RateTold},
};
use http::{HeaderValue, StatusCode};

use crate::{
    App, cookie,
    envelope::{Enveloped, Preferences, Refusal, Refused, render},
    extract::Exchanged,
    forward_auth,
};

/// Gives errors the form and language that the client wants, and every envelope the status that is
/// configured.
pub(crate) async fn in_the_wanted_form(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let mut preferences = Preferences::of(request.headers(), app.settings());
    // A proxy reads the status alone: a 200 that means no would open every door.
    preferences.always_200 &= !forward_auth::is_question(request.extensions());
    // What is read only is not counted, and the hot path carries nothing for it.
    let told = (!request.method().is_safe()).then(RateTold::default);
    if let Some(told) = &told {
        request.extensions_mut().insert(told.clone());
    }
    let exchanged = app.settings().flask_session.accept.then(Exchanged::default);
    if let Some(exchanged) = &exchanged {
        request.extensions_mut().insert(exchanged.clone());
    }
    let mut response = next.run(request).await;
    // A door that has set the cookie itself, or taken it back, knows better.
    if let Some(value) = exchanged.as_ref().and_then(Exchanged::cookie)
        && !response.headers().contains_key(http::header::SET_COOKIE)
    {
        cookie::set(&app, &mut response, value);
    }
    if let Some(quota) = told.and_then(|told| told.get()) {
        tell_quota(&mut response, &quota);
    }
    if response.extensions().get::<Honest>().is_some() {
        preferences.always_200 = false;
    }
    let Some(Refused(error)) = response.extensions().get::<Refused>().cloned() else {
        if preferences.always_200 && response.extensions().get::<Enveloped>().is_some() {
            *response.status_mut() = StatusCode::OK;
        }
        return response;
    };
    let mut rendered = render(&error, preferences);
    // What the door has set besides (a cookie taken back, the methods allowed) goes along.
    for (name, value) in response.headers() {
        if !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    rendered.headers_mut().remove(http::header::CONTENT_LENGTH);
    rendered.extensions_mut().insert(Refused(error));
    rendered
}

/// Of an answer whose status is what it says, whatever `http_status` is: standards have it so.
#[derive(Clone, Copy)]
pub(crate) struct Honest;

/// Marks the answers of doors for other services.
pub(crate) async fn honestly(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Honest);
    response
}

/// How many tries are left (draft-ietf-httpapi-ratelimit-headers, in structured fields by RFC 9651).
fn tell_quota(response: &mut Response, quota: &Quota) {
    let Quota { purpose, limit, window, remaining, reset } = quota;
    let name = purpose.name();
    let lines = [
        ("ratelimit-policy", format!("\"{name}\";q={limit};w={window}")),
        ("ratelimit", format!("\"{name}\";r={remaining};t={reset}")),
    ];
    for (header, line) in lines {
        if let Ok(line) = HeaderValue::from_str(&line) {
            response.headers_mut().insert(header, line);
        }
    }
}

/// Ends what takes too long. The database's transaction is rolled back with it.
pub(crate) async fn within_time(State(timeout): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::timeout(timeout, next.run(request))
        .await
        .unwrap_or_else(|_| Refusal(Error::RequestTimeout).into_response())
}

/// For paths that no door has.
pub(crate) async fn path_not_found() -> Refusal {
    Refusal(Error::PathNotFound)
}

/// For methods that a path doesn't have; the router adds `Allow`. `OPTIONS` asks for just that.
pub(crate) async fn method_not_allowed(method: http::Method) -> Response {
    if method == http::Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Refusal(Error::MethodNotAllowed).into_response()
}

/// The code of the error that an answer tells, whatever its status.
pub fn refusal_code(response: &Response) -> Option<u16> {
    error_of(response).map(|error| error.code())
}

/// An error as an answer's extension, for layers that log.
pub(super) fn error_of(response: &Response) -> Option<Arc<Error>> {
    response.extensions().get::<Refused>().map(|Refused(error)| Arc::clone(error))
}
