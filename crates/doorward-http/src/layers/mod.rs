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
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowCredentials, AllowOrigin, CorsLayer},
};

use crate::App;

/// Puts all of it around `router`; and around what pages of other origins have no business with. A preflight request is
/// answered for them before anybody looks at it, and a proxy would take that for a yes.
pub(crate) fn around(router: Router, without_cors: Router, app: &App) -> Router {
    let settings = app.settings();
    let timeout = Duration::from_millis(settings.http.request_timeout_ms);
    // One stack, the outermost first: layer by layer, the router would box each route once for each.
    let stack = |cors: Option<CorsLayer>| {
        ServiceBuilder::new()
            .layer(crate::DoorwardLayer::new(app.clone()))
            .layer(middleware::from_fn(observe::observe))
            .layer(middleware::from_fn_with_state(app.clone(), finish::in_the_wanted_form))
            .layer(middleware::from_fn_with_state(app.clone(), safe_headers::add))
            .option_layer(cors)
            .layer(middleware::from_fn_with_state(app.clone(), host::check))
            .layer(CatchPanicLayer::custom(panics::answer))
            .layer(middleware::from_fn_with_state(timeout, finish::within_time))
            .layer(DefaultBodyLimit::max(settings.http.body_limit_bytes))
    };
    let origins = &settings.http.cors_origins;
    let router = router.layer(stack((!origins.is_empty()).then(|| cors(origins))));
    router.merge(without_cors.layer(stack(None)))
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
