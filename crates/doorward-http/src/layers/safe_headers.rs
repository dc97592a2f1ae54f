use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};

use crate::App;

/// What every answer says to browsers and caches; a door that says otherwise is left alone.
pub(super) async fn add(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    or_else(headers, CACHE_CONTROL, "no-store");
    or_else(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    or_else(headers, CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    or_else(headers, X_FRAME_OPTIONS, "DENY");
    or_else(headers, REFERRER_POLICY, "no-referrer");
    let seconds = app.settings().http.hsts_seconds;
    if seconds > 0
        && let Ok(value) = HeaderValue::from_str(&format!("max-age={seconds}; includeSubDomains"))
    {
        headers.insert(STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

fn or_else(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
