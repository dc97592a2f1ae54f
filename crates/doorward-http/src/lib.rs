//! The doors into Doorward over HTTP: one file an endpoint, folders named like the URLs.
//!
//! [`router`](crate::router()) is the one page of all routes. A door extracts, calls one operation of
//! `doorward-core`, and wraps the answer in an [`Envelope`].

mod app;
mod audit;
mod client_address;
mod confirm;
mod cookie;
mod cross_site;
mod docs;
mod envelope;
mod extract;
mod forward_auth;
mod guard;
mod introspect;
mod invitations;
mod layers;
mod login;
mod logout;
mod me;
mod openapi;
mod operation;
mod password;
mod register;
mod revocations;
mod roles;
mod router;
mod streamed;
mod token;
mod users;
mod well_known;

pub use app::App;
pub use client_address::Peer;
#[doc(hidden)]
pub use client_address::client as client_of;
pub use envelope::{Envelope, Refusal};
pub use extract::{
    CurrentUser, Fields, JsonBody, PermissionName, ReadFields, RequirePermission, RequireRole, RequireScope, RoleName,
    ScopeName,
};
pub use guard::{DoorwardLayer, DoorwardService, LoginRequired, LoginRequiredService};
#[doc(hidden)]
pub use layers::refusal_code;
pub use openapi::openapi;
pub use operation::metrics::record as record_metrics;
pub use router::{Access, ROUTES, Route, metrics_router, router};
