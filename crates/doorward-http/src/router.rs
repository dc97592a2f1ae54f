//! Every route, on one page.

use std::pin::Pin;

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    middleware,
    response::Response,
    routing::{MethodFilter, get, on},
};
use utoipa::OpenApi;

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

/// A door whose type is forgotten: the router is made of one kind of handler instead of sixty, and making it runs no code of
/// any door's own.
#[derive(Clone, Copy)]
struct Door(fn(Request) -> Answering);

type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

impl<S> Handler<Door, S> for Door {
    type Future = Answering;

    fn call(self, request: Request, _: S) -> Answering {
        self.0(request)
    }
}

/// Makes of one table who may call what ([`ROUTES`]), the routers, and what the doors say of themselves ([`Doors`]).
/// A server routes without describing: the description is made for who asks for it.
macro_rules! doors {
    (
        $( router $group:ident { $( $method:ident $path:literal $access:ident $($door:ident)::+; )* } )*
        apart { $( $apart_method:ident $apart_path:literal $apart_access:ident $($apart:ident)::+; )* }
    ) => {
        /// Who may call what.
        pub const ROUTES: &[Route] = &[
            $($( route(stringify!($method), $path, Access::$access), )*)*
            $( route(stringify!($apart_method), $apart_path, Access::$apart_access), )*
        ];

        $(
            fn $group() -> Router {
                const DOORS: &[(&str, MethodFilter, Door)] = &[
                    $( ($path, MethodFilter::$method, Door(|request| Handler::call($($door)::+, request, ()))), )*
                ];
                DOORS.iter().fold(Router::new(), |router, (path, method, door)| router.route(path, on(*method, *door)))
            }
        )*

        /// The doors and what they say of themselves.
        #[derive(OpenApi)]
        #[openapi(paths($($( $($door)::+, )*)* $( $($apart)::+, )*))]
        pub(crate) struct Doors;
    };
}

doors! {
    router for_people {
        POST   "/login"                        Anybody       login::log_in;
        GET    "/logout"                       SignedIn      logout::log_out;
        POST   "/logout"                       SignedIn      logout::log_out_by_post;
        POST   "/token/refresh"                Anybody       token::refresh::refresh;
        POST   "/register"                     Anybody       register::register;
        POST   "/confirm"                      Anybody       confirm::confirm;
        POST   "/confirm/resend"               Anybody       confirm::resend::resend;
        GET    "/invitations"                  Administrator invitations::list;
        POST   "/invitations"                  Administrator invitations::create;
        DELETE "/invitations/{id}"             Administrator invitations::id::revoke;
        GET    "/me"                           SignedIn      me::show;
        PATCH  "/me"                           SignedIn      me::change;
        DELETE "/me"                           SignedIn      me::deletion::request;
        POST   "/me/deletion/cancel"           Anybody       me::deletion::cancel;
        GET    "/me/export"                    SignedIn      me::export::show;
        GET    "/me/sessions"                  SignedIn      me::sessions::list;
        DELETE "/me/sessions"                  SignedIn      me::sessions::end_others;
        DELETE "/me/sessions/{id}"             SignedIn      me::sessions::end;
        GET    "/me/api-keys"                  SignedIn      me::api_keys::list;
        POST   "/me/api-keys"                  SignedIn      me::api_keys::create;
        DELETE "/me/api-keys/{id}"             SignedIn      me::api_keys::revoke;
        GET    "/users"                        Administrator users::list;
        POST   "/users"                        Administrator users::create;
        POST   "/users/bulk"                   Administrator users::bulk::run;
        GET    "/users/export"                 Administrator users::export::export;
        GET    "/users/{id}"                   Administrator users::id::show;
        PATCH  "/users/{id}"                   Administrator users::id::change;
        DELETE "/users/{id}"                   Administrator users::id::delete;
        POST   "/users/{id}/disable"           Administrator users::disable::disable;
        POST   "/users/{id}/enable"            Administrator users::enable::enable;
        POST   "/users/{id}/undelete"          Administrator users::undelete::undelete;
        POST   "/users/{id}/logout"            Administrator users::logout::log_out;
        POST   "/users/{id}/reset-password"    Administrator users::reset_password::start;
        GET    "/users/{id}/roles"             Administrator users::roles::list;
        POST   "/users/{id}/roles"             Administrator users::roles::grant;
        DELETE "/users/{id}/roles/{name}"      Administrator users::roles::revoke;
        GET    "/users/{id}/sessions"          Administrator users::sessions::list;
        DELETE "/users/{id}/sessions"          Administrator users::sessions::end;
        GET    "/roles"                        Administrator roles::list;
        POST   "/roles"                        Administrator roles::create;
        PATCH  "/roles/{name}"                 Administrator roles::role::change;
        DELETE "/roles/{name}"                 Administrator roles::role::delete;
        GET    "/me/activity"                  SignedIn      me::activity::list;
        GET    "/audit"                        Administrator audit::list;
        POST   "/me/email"                     SignedIn      me::email::change;
        POST   "/me/email/undo"                Anybody       me::email::undo;
        POST   "/me/password"                  SignedIn      me::password::change;
        POST   "/password/forgot"              Anybody       password::forgot::forgot;
        POST   "/password/reset"               Anybody       password::reset::reset;
        GET    "/.well-known/jwks.json"        Anybody       well_known::jwks::show;
        GET    "/healthz"                      Anybody       operation::healthz::show;
        GET    "/readyz"                       Anybody       operation::readyz::show;
        GET    "/metrics"                      Anybody       operation::metrics::show;
        GET    "/openapi.json"                 Anybody       docs::openapi_json;
        GET    "/swagger.json"                 Anybody       docs::swagger_json;
        GET    "/"                             Anybody       docs::front;
        GET    "/docs"                         Anybody       docs::docs;
        GET    "/docs/"                        Anybody       docs::page;
        GET    "/docs/{file}"                  Anybody       docs::asset;
    }

    router for_services {
        GET    "/revocations"                  Service       revocations::show;
        POST   "/introspect"                   Service       introspect::introspect;
    }

    // By any method, and with the original path behind it: see `forward_auth::routes`.
    apart {
        GET    "/forward-auth"                 Anybody       forward_auth::answer;
    }
}

/// Everything that Doorward serves, to be mounted anywhere.
pub fn router(app: &App) -> Router {
    // Standards say what these doors' statuses mean, so they are honest whatever `http_status` is.
    let for_services = for_services().route_layer(middleware::from_fn(layers::honestly));
    let router = for_people()
        .merge(for_services)
        .fallback(layers::path_not_found)
        .method_not_allowed_fallback(layers::method_not_allowed);
    layers::around(router, forward_auth::routes(), app)
}

/// `/metrics` alone, for a listener of its own.
pub fn metrics_router(app: &App) -> Router {
    let router = Router::new().route("/metrics", get(operation::metrics::show_apart));
    layers::around(router.fallback(layers::path_not_found), Router::new(), app)
}
