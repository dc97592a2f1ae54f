//! Every route, on one page.

use axum::{Router, middleware, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, audit, confirm, docs, forward_auth, introspect, invitations, layers, login, logout, me, operation, password,
    register, revocations, roles, token, users, well_known,
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Anybody,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever has the role `admin`.
    Administrator,
    /// Another service, by its API key with the scope that the door asks for.
    Service,
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
    route("POST", "/register", Access::Anybody),
    route("POST", "/confirm", Access::Anybody),
    route("POST", "/confirm/resend", Access::Anybody),
    route("GET", "/me", Access::SignedIn),
    route("PATCH", "/me", Access::SignedIn),
    route("DELETE", "/me", Access::SignedIn),
    route("POST", "/me/deletion/cancel", Access::Anybody),
    route("GET", "/me/export", Access::SignedIn),
    route("GET", "/me/sessions", Access::SignedIn),
    route("DELETE", "/me/sessions", Access::SignedIn),
    route("DELETE", "/me/sessions/{id}", Access::SignedIn),
    route("GET", "/me/api-keys", Access::SignedIn),
    route("POST", "/me/api-keys", Access::SignedIn),
    route("DELETE", "/me/api-keys/{id}", Access::SignedIn),
    route("GET", "/users", Access::Administrator),
    route("POST", "/users", Access::Administrator),
    route("POST", "/users/bulk", Access::Administrator),
    route("GET", "/users/export", Access::Administrator),
    route("GET", "/users/{id}", Access::Administrator),
    route("PATCH", "/users/{id}", Access::Administrator),
    route("DELETE", "/users/{id}", Access::Administrator),
    route("POST", "/users/{id}/disable", Access::Administrator),
    route("POST", "/users/{id}/enable", Access::Administrator),
    route("POST", "/users/{id}/undelete", Access::Administrator),
    route("POST", "/users/{id}/logout", Access::Administrator),
    route("POST", "/users/{id}/reset-password", Access::Administrator),
    route("GET", "/users/{id}/roles", Access::Administrator),
    route("POST", "/users/{id}/roles", Access::Administrator),
    route("DELETE", "/users/{id}/roles/{name}", Access::Administrator),
    route("GET", "/users/{id}/sessions", Access::Administrator),
    route("DELETE", "/users/{id}/sessions", Access::Administrator),
    route("GET", "/roles", Access::Administrator),
    route("POST", "/roles", Access::Administrator),
    route("PATCH", "/roles/{name}", Access::Administrator),
    route("DELETE", "/roles/{name}", Access::Administrator),
    route("GET", "/me/activity", Access::SignedIn),
    route("GET", "/audit", Access::Administrator),
    route("POST", "/me/email", Access::SignedIn),
    route("POST", "/me/email/undo", Access::Anybody),
    route("POST", "/me/password", Access::SignedIn),
    route("POST", "/password/forgot", Access::Anybody),
    route("POST", "/password/reset", Access::Anybody),
    route("GET", "/invitations", Access::Administrator),
    route("POST", "/invitations", Access::Administrator),
    route("DELETE", "/invitations/{id}", Access::Administrator),
    // By any method, and with the original path behind it: see `forward_auth::routes`.
    route("GET", "/forward-auth", Access::Anybody),
    route("GET", "/.well-known/jwks.json", Access::Anybody),
    route("GET", "/revocations", Access::Service),
    route("POST", "/introspect", Access::Service),
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
        .routes(routes!(register::register))
        .routes(routes!(confirm::confirm))
        .routes(routes!(confirm::resend::resend))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::id::revoke))
        .routes(routes!(me::show, me::change, me::deletion::request))
        .routes(routes!(me::deletion::cancel))
        .routes(routes!(me::export::show))
        .routes(routes!(me::sessions::list, me::sessions::end_others))
        .routes(routes!(me::sessions::end))
        .routes(routes!(me::api_keys::list, me::api_keys::create))
        .routes(routes!(me::api_keys::revoke))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::bulk::run))
        .routes(routes!(users::export::export))
        .routes(routes!(users::id::show, users::id::change, users::id::delete))
        .routes(routes!(users::disable::disable))
        .routes(routes!(users::enable::enable))
        .routes(routes!(users::undelete::undelete))
        .routes(routes!(users::logout::log_out))
        .routes(routes!(users::reset_password::start))
        .routes(routes!(users::roles::list, users::roles::grant))
        .routes(routes!(users::roles::revoke))
        .routes(routes!(users::sessions::list, users::sessions::end))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::role::change, roles::role::delete))
        .routes(routes!(me::activity::list))
        .routes(routes!(audit::list))
        .routes(routes!(me::email::change))
        .routes(routes!(me::email::undo))
        .routes(routes!(me::password::change))
        .routes(routes!(password::forgot::forgot))
        .routes(routes!(password::reset::reset))
        .routes(routes!(well_known::jwks::show))
        .merge(for_services())
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

/// Doors for other services. Standards say what their statuses mean, so these are honest whatever `http_status` is.
fn for_services<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::new()
        .routes(routes!(revocations::show))
        .routes(routes!(introspect::introspect))
        .route_layer(middleware::from_fn(layers::honestly))
}

/// The same and what is routed apart.
pub(crate) fn all_described<S: Clone + Send + Sync + 'static>(router: OpenApiRouter<S>) -> OpenApiRouter<S> {
    described(router).routes(routes!(forward_auth::answer))
}

/// Everything that Doorward serves, to be mounted anywhere.
pub fn router(app: &App) -> Router {
    let (router, _) = described(OpenApiRouter::new()).split_for_parts();
    let router = router.fallback(layers::path_not_found).method_not_allowed_fallback(layers::method_not_allowed);
    layers::around(router, forward_auth::routes(), app)
}

/// `/metrics` alone, for a listener of its own.
pub fn metrics_router(app: &App) -> Router {
    let router = Router::new().route("/metrics", get(operation::metrics::show_apart));
    layers::around(router.fallback(layers::path_not_found), Router::new(), app)
}
