use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use doorward_core::Error;
use http::header::HOST;

use crate::{App, envelope::Refusal, forward_auth};

/// Probes reach a replica by its own address.
const BY_ANY_NAME: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Where a public address is configured, nothing is served under another name (421, RFC 9110
/// §15.5.20): a request for another host is a proxy's mistake, or an attempt to put that host's name
/// into what is made of the request.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(public) = app.public_host() else { return next.run(request).await };
    let is_question = forward_auth::is_question(request.extensions());
    let by_any_name = is_question || BY_ANY_NAME.iter().any(|path| request.uri().path().ends_with(path));
    let asked = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().authority().map(http::uri::Authority::as_str));
    if by_any_name || asked.is_some_and(|asked| asked.eq_ignore_ascii_case(public)) {
        return next.run(request).await;
    }
    Refusal(Error::Misdirected).into_response()
}
