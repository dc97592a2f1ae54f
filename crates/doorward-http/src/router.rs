//! Every route, on one page.

use axum::{Router, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, docs, layers, login, logout, me, operation, token, well_known};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Anybody,
    /// Whoever is signed in.
    SignedIn,
}

/// A route and its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path as the router has it.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

const fn route(method: &'static str, path: &'static str, access: Access) -> Route {
    Route { method, path, access }
}

/// Who may call what. A route that the router has and this table hasn't fails a test.
pub const ROUTES: &[Route] = &[
    route("GET", "/", Access::Anybody),
    route("POST", "/login", Access::Anybody),
    route("GET", "/logout", Access::SignedIn),
    route("POST", "/logout", Access::SignedIn),
    route("POST", "/token/refresh", Access::Anybody),
    route("GET", "/me", Access::SignedIn),
    route("GET", "/.well-known/jwks.json", Access::Anybody),
    route("GET", "/healthz", Access::Anybody),
    route("GET", "/readyz", Access::Anybody),
    route("GET", "/metrics", Access::Anybody),
    route("GET", "/openapi.json", Access::Anybody),
    route("GET", "/swagger.json", Access::Anybody),
    route("GET", "/docs", Access::Anybody),
    route("GET", "/docs/", Access::Anybody),
    route("GET", "/docs/{file}", Access::Anybody),
];

/// The doors and what they say of themselves.
pub(crate) fn described<S: Clone + Send + Sync + 'static>(router: OpenApiRouter<S>) -> OpenApiRouter<S> {
    router
        .routes(routes!(login::log_in))
        .routes(routes!(logout::log_out, logout::log_out_by_post))
        .routes(routes!(token::refresh::refresh))
        .routes(routes!(me::show))
        .routes(routes!(well_known::jwks::show))
        .routes(routes!(operation::healthz::show))
        .routes(routes!(operation::readyz::show))
        .routes(routes!(operation::metrics::show))
        .routes(routes!(docs::openapi_json))
        .routes(routes!(docs::swagger_json))
        .routes(routes!(docs::front))
        .routes(routes!(docs::docs))
        .routes(routes!(docs::page))
        .routes(routes!(docs::asset))
}

/// Everything that Doorward serves, to be mounted anywhere.
pub fn router(app: &App) -> Router {
    let (router, _) = described(OpenApiRouter::new()).split_for_parts();
    let router = router.fallback(layers::path_not_found).method_not_allowed_fallback(layers::method_not_allowed);
    layers::around(router, app)
}

/// `/metrics` alone, for a listener of its own.
pub fn metrics_router(app: &App) -> Router {
    let router = Router::new().route("/metrics", get(operation::metrics::show_apart));
    layers::around(router.fallback(layers::path_not_found), app)
}
