use std::{marker::PhantomData, ops::Deref};

use axum::{extract::FromRequestParts, response::Response};
use doorward_core::Error;
use doorward_guard::Identity;
use http::request::Parts;

use super::{
    CurrentUser,
    current_user::{app, identify, refuse},
};

/// The name of a scope, as a type: what [`RequireScope`] requires.
///
/// ```
/// use doorward_http::ScopeName;
///
/// struct ReadMeters;
/// impl ScopeName for ReadMeters {
///     const NAME: &'static str = "meters:read";
/// }
/// ```
pub trait ScopeName: Send + Sync + 'static {
    /// The scope's name.
    const NAME: &'static str;
}

/// The signed-in user, or their API key if it has the scope `S` besides what the method needs. Others get 403
/// `scope_required`. A token or a session is not narrowed and has every scope.
#[derive(Debug, Clone)]
pub struct RequireScope<S>(pub CurrentUser, PhantomData<S>);

impl<S> Deref for RequireScope<S> {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<State: Send + Sync, S: ScopeName> FromRequestParts<State> for RequireScope<S> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &State) -> Result<Self, Response> {
        let identity = identify(parts).await?;
        if identity.has_scope(S::NAME) {
            return Ok(Self(CurrentUser(identity), PhantomData));
        }
        let error = Error::ScopeRequired { scope: S::NAME.to_owned() };
        Err(refuse(&app(&parts.extensions)?, &parts.headers, &error))
    }
}
