use std::{marker::PhantomData, ops::Deref};

use axum::{extract::FromRequestParts, response::Response};
use doorward_core::Error;
use doorward_guard::Identity;
use http::request::Parts;

use super::{
    CurrentUser,
    current_user::{app, identify, refuse},
};

/// The name of a permission, as a type: what [`RequirePermission`] requires.
///
/// ```
/// use doorward_http::PermissionName;
///
/// struct WriteInvoices;
/// impl PermissionName for WriteInvoices {
///     const NAME: &'static str = "invoices:write";
/// }
/// ```
pub trait PermissionName: Send + Sync + 'static {
    /// The permission's name.
    const NAME: &'static str;
}

/// The signed-in user, one of whose roles has the permission `P`. Others get 403 `permission_required`.
#[derive(Debug, Clone)]
pub struct RequirePermission<P>(pub CurrentUser, PhantomData<P>);

impl<P> Deref for RequirePermission<P> {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S: Send + Sync, P: PermissionName> FromRequestParts<S> for RequirePermission<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let identity = identify(parts).await?;
        let app = app(&parts.extensions)?;
        if app.doorward().permissions().allow(&identity, P::NAME) {
            return Ok(Self(CurrentUser(identity), PhantomData));
        }
        let error = Error::PermissionRequired { permission: P::NAME.to_owned() };
        Err(refuse(&app, &parts.headers, &error))
    }
}
