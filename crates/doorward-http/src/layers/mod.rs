//! What stands around every door: request ids and the log, the form of errors, safe headers, the host
//! that is served, and bounds.

pub use finish::refusal_code;
pub(crate) use finish::{honestly, method_not_allowed, path_not_found};
pub(crate) use observe::RequestId;

mod finish;
mod host;
mod observe;
mod panics;
mod safe_headers;

use std::time::Duration;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowCredentials, AllowOrigin, CorsLayer},
};

use crate::App;

/// Puts all of it around `router`, the outermost last; and around what pages of other origins have no business with.
/// A preflight request is answered for them before anybody looks at it, and a proxy would take that for a yes.
pub(crate) fn around(router: Router, without_cors: Router, app: &App) -> Router {
    let settings = app.settings();
    let timeout = Duration::from_millis(settings.http.request_timeout_ms);
    let inner = |router: Router| {
        router
            .layer(DefaultBodyLimit::max(settings.http.body_limit_bytes))
            .layer(middleware::from_fn_with_state(timeout, finish::within_time))
            .layer(CatchPanicLayer::custom(panics::answer))
            .layer(middleware::from_fn_with_state(app.clone(), host::check))
    };
    let mut router = inner(router);
    if !settings.http.cors_origins.is_empty() {
        router = router.layer(cors(&settings.http.cors_origins));
    }
    router
        .merge(inner(without_cors))
        .layer(middleware::from_fn_with_state(app.clone(), safe_headers::add))
        .layer(middleware::from_fn_with_state(app.clone(), finish::in_the_wanted_form))
        .layer(middleware::from_fn(observe::observe))
        .layer(crate::DoorwardLayer::new(app.clone()))
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<_> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let listed = origins.clone();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(AllowCredentials::predicate(move |origin, _| listed.contains(origin)))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT_LANGUAGE,
            HeaderName::from_static("token"),
            crate::extract::CHALLENGE_RESPONSE,
        ])
        .max_age(Duration::from_mins(10))
}
