//! Extractors for axum 0.8.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Router, routing::get};
//! use doorward_guard::{ServiceGuard, axum::CurrentUser};
//!
//! let guard = ServiceGuard::builder("https://id.example", "dw_…").start()?;
//! let app: Router = Router::new()
//!     .route("/orders", get(|user: CurrentUser| async move { format!("orders of user {}", user.user_id) }))
//!     .with_state(guard);
//! # Ok(())
//! # }
//! ```

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::Response;
use http::request::Parts;

use crate::answer::Refusal;
use crate::{Credentials, Denied, Identity, ServiceGuard};

/// Who is asking. As an argument of a handler it guards the route: without a good token the handler is not called, and the client is
/// told why. `Option<CurrentUser>` lets nobody pass as `None`; a token that is there must still be good.
///
/// The guard is the router's state, or a part of it: `impl FromRef<MyState> for ServiceGuard`.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub Arc<Identity>);

impl Deref for CurrentUser {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser
where
    ServiceGuard: FromRef<S>,
{
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response<Body>> {
        identify(parts, state).await.map(Self)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser
where
    ServiceGuard: FromRef<S>,
{
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Response<Body>> {
        match Credentials::from_headers(&parts.headers, &[]) {
            Err(Denied::Missing) => Ok(None),
            _ => identify(parts, state).await.map(|identity| Some(Self(identity))),
        }
    }
}

/// The name of a role, as a type: what [`RequireRole`] requires.
///
/// ```
/// struct Editor;
/// impl doorward_guard::axum::RoleName for Editor {
///     const NAME: &'static str = "editor";
/// }
/// ```
pub trait RoleName: Send + Sync + 'static {
    /// The role's name.
    const NAME: &'static str;
}

/// Who is asking and has the role `R`. Others get 403 `role_required`.
#[derive(Debug, Clone)]
pub struct RequireRole<R>(pub CurrentUser, PhantomData<R>);

impl<R> Deref for RequireRole<R> {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S: Send + Sync, R: RoleName> FromRequestParts<S> for RequireRole<R>
where
    ServiceGuard: FromRef<S>,
{
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response<Body>> {
        let identity = identify(parts, state).await?;
        if !identity.has_role(R::NAME) {
            return Err(Refusal::RoleRequired(R::NAME).answer(&parts.headers));
        }
        Ok(Self(CurrentUser(identity), PhantomData))
    }
}

/// What a `GuardLayer` found, or what the guard says now. It is not kept with the request: to ask the guard again costs less.
async fn identify<S>(parts: &Parts, state: &S) -> Result<Arc<Identity>, Response<Body>>
where
    ServiceGuard: FromRef<S>,
{
    if let Some(identity) = parts.extensions.get::<Arc<Identity>>() {
        return Ok(Arc::clone(identity));
    }
    let guard = ServiceGuard::from_ref(state);
    guard.verify_headers(&parts.headers).await.map_err(|denied| Refusal::Denied(denied).answer(&parts.headers))
}
