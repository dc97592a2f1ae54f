//! Extractors for axum 0.8.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::{Extension, Router, routing::get};
//! use doorward_guard::{ServiceGuard, axum::CurrentUser};
//!
//! let guard = ServiceGuard::builder("https://id.example", "dw_…").start()?;
//! let app: Router = Router::new()
//!     .route("/orders", get(|user: CurrentUser| async move { format!("orders of user {}", user.user_id) }))
//!     .layer(Extension(guard));
//! # Ok(())
//! # }
//! ```

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::Response;
use http::request::Parts;

use crate::answer::Refusal;
use crate::{Credentials, Denied, Identity, ServiceGuard};

/// Who is asking. As an argument of a handler it guards the route: without a good token the handler is not called, and the client is
/// told why. `Option<CurrentUser>` lets nobody pass as `None`; a token that is there must still be good.
///
/// Needs `Extension(guard)`, or a `GuardLayer` (feature `tower`), around the route.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub Arc<Identity>);

impl Deref for CurrentUser {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response<Body>> {
        identify(parts).await.map(Self)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Response<Body>> {
        if parts.extensions.get::<ServiceGuard>().is_none() {
            return Err(Refusal::NoGuard.answer(&parts.headers));
        }
        match Credentials::from_headers(&parts.headers, &[]) {
            Err(Denied::Missing) => Ok(None),
            _ => identify(parts).await.map(|identity| Some(Self(identity))),
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

impl<S: Send + Sync, R: RoleName> FromRequestParts<S> for RequireRole<R> {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response<Body>> {
        let identity = identify(parts).await?;
        if !identity.has_role(R::NAME) {
            return Err(Refusal::RoleRequired(R::NAME).answer(&parts.headers));
        }
        Ok(Self(CurrentUser(identity), PhantomData))
    }
}

/// What the layer found, or what this request's first extractor found, or what the guard says now.
async fn identify(parts: &mut Parts) -> Result<Arc<Identity>, Response<Body>> {
    if let Some(identity) = parts.extensions.get::<Arc<Identity>>() {
        return Ok(Arc::clone(identity));
    }
    let Some(guard) = parts.extensions.get::<ServiceGuard>() else {
        return Err(Refusal::NoGuard.answer(&parts.headers));
    };
    match guard.verify_headers(&parts.headers).await {
        Ok(identity) => {
            parts.extensions.insert(Arc::clone(&identity));
            Ok(identity)
        }
        Err(denied) => Err(Refusal::Denied(denied).answer(&parts.headers)),
    }
}
