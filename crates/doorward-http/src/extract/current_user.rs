use std::{
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use doorward_core::{
    Error,
    api_key::within_scope,
    flask_session::{self, FlaskCookies},
    session::Client,
    token,
};
use doorward_guard::{Credential, CredentialKind, CredentialSource, Credentials, Denied, Identity};
use http::{Extensions, HeaderMap, Method, request::Parts};

use super::acting;
use crate::{
    App, client_address, cookie, cross_site,
    envelope::{Preferences, Refusal, render},
};

/// The signed-in user. As an argument of a handler it guards the route: without a good token the
/// handler is not called, and the client is told why in an envelope. `Option<CurrentUser>` lets
/// nobody pass as `None`; a token that is there must still be good.
///
/// Needs [`DoorwardLayer`](crate::DoorwardLayer) around the route.
#[derive(Debug, Clone)]
pub struct CurrentUser(pub Arc<Identity>);

impl Deref for CurrentUser {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        identify(parts).await.map(Self)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Response> {
        let app = app(&parts.extensions)?;
        match credential(&app, &parts.headers) {
            Err(Denied::Missing) => Ok(None),
            _ => identify(parts).await.map(|identity| Some(Self(identity))),
        }
    }
}

/// The name of a role, as a type: what [`RequireRole`] requires.
///
/// ```
/// use doorward_http::RoleName;
///
/// struct Editor;
/// impl RoleName for Editor {
///     const NAME: &'static str = "editor";
/// }
/// ```
pub trait RoleName: Send + Sync + 'static {
    /// The role's name.
    const NAME: &'static str;
}

/// The signed-in user, who has the role `R`. Others get 403 `role_required`.
#[derive(Debug, Clone)]
pub struct RequireRole<R>(pub CurrentUser, PhantomData<R>);

impl<R> Deref for RequireRole<R> {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S: Send + Sync, R: RoleName> FromRequestParts<S> for RequireRole<R> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let identity = identify(parts).await?;
        if identity.has_role(R::NAME) {
            return Ok(Self(CurrentUser(identity), PhantomData));
        }
        let app = app(&parts.extensions)?;
        let error = Error::RoleRequired { role: R::NAME.to_owned() };
        Err(refuse(&app, &parts.headers, &error))
    }
}

pub(super) async fn identify(parts: &mut Parts) -> Result<Arc<Identity>, Response> {
    if let Some(identity) = parts.extensions.get::<Arc<Identity>>() {
        return Ok(Arc::clone(identity));
    }
    let app = app(&parts.extensions)?;
    let known = authenticate(&app, &parts.method, &parts.headers, &parts.extensions).await;
    match known.and_then(|identity| within_scope(&identity, &parts.method).map(|()| identity)) {
        Ok(identity) => {
            parts.extensions.insert(Arc::clone(&identity));
            Ok(identity)
        }
        Err(error) => Err(refuse(&app, &parts.headers, &error)),
    }
}

pub(crate) fn app(extensions: &Extensions) -> Result<App, Response> {
    extensions
        .get::<App>()
        .cloned()
        .ok_or_else(|| Refusal(Error::Internal("the route has no DoorwardLayer around it".into())).into_response())
}

pub(super) fn refuse(app: &App, headers: &HeaderMap, error: &Error) -> Response {
    let mut response = render(error, Preferences::of(headers, app.settings()));
    response.extensions_mut().insert(crate::envelope::Enveloped);
    log(error);
    response
}

/// Why somebody was not let in: the exact reason, which the client is not told.
pub(crate) fn log(error: &Error) {
    match error {
        Error::Denied(denied) => {
            metrics::counter!("doorward_denied_total", "error" => denied.error_name()).increment(1);
            tracing::info!(error = denied.error_name(), reason = denied.reason(), "denied");
        }
        Error::Internal(_) | Error::Startup { .. } => tracing::error!(error = error.name(), reason = %error, "denied"),
        Error::Unavailable(_) => tracing::warn!(error = error.name(), reason = %error, "denied"),
        _ => tracing::info!(error = error.name(), reason = %error, "denied"),
    }
}

/// The credential of a request: `token` header, bearer, or the session cookie where those are on.
pub(crate) fn credential<'a>(app: &App, headers: &'a HeaderMap) -> Result<Credential<'a>, Denied> {
    let names = [app.cookie_name()];
    let names = if app.settings().session.cookie { &names[..] } else { &[] };
    Credentials::from_headers(headers, names)
}

/// Whether a browser sent by itself what shows who is asking.
pub(crate) fn comes_by_cookie(app: &App, headers: &HeaderMap) -> bool {
    match credential(app, headers) {
        Ok(credential) => credential.source == CredentialSource::Cookie,
        Err(denied) => denied == Denied::Missing && flask_cookies(app, headers).is_some(),
    }
}

/// Who sends this request, where that is remembered: the way that takes no time.
pub(crate) fn recall(app: &App, headers: &HeaderMap) -> Option<Result<Arc<Identity>, Error>> {
    match credential(app, headers) {
        // What a cookie needs besides the look-up is left to the other way.
        Ok(credential) if credential.kind != CredentialKind::SessionCookie => {
            token::recall(app.doorward(), &credential, &Client::default()).map(|known| known.map_err(Error::from))
        }
        Ok(_) => None,
        Err(Denied::Missing) if flask_cookies(app, headers).is_some() => None,
        Err(denied) => Some(Err(denied.into())),
    }
}

/// The cookies of the Flask application, where they count and one is there.
fn flask_cookies<'a>(app: &App, headers: &'a HeaderMap) -> Option<FlaskCookies<'a>> {
    let settings = &app.settings().flask_session;
    if !settings.accept {
        return None;
    }
    let cookies = FlaskCookies {
        session: cookie::read(headers, &settings.cookie).filter(|value| !value.is_empty()),
        remember: cookie::read(headers, &settings.remember_cookie).filter(|value| !value.is_empty()),
    };
    (cookies.session.is_some() || cookies.remember.is_some()).then_some(cookies)
}

/// The value of the session cookie that a browser gets for the Flask application's, put here while a request is
/// answered and read behind its door.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exchanged(Arc<OnceLock<String>>);

impl Exchanged {
    pub(crate) fn cookie(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Who sends this request.
pub(crate) async fn authenticate(
    app: &App,
    method: &Method,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Arc<Identity>, Error> {
    authenticate_at(app, method, app.public_host(), headers, extensions).await
}

/// Who sends this request to `own_host`, the header `Host` where that is `None`.
pub(crate) async fn authenticate_at(
    app: &App,
    method: &Method,
    own_host: Option<&str>,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Arc<Identity>, Error> {
    let by_cookie = |own: bool| {
        if own && !method.is_safe() {
            cross_site::check_at(app, own_host, headers)?;
        }
        Ok::<_, Error>(client_address::client(headers, extensions, &app.settings().http.trusted_proxies))
    };
    let shown = match credential(app, headers) {
        Ok(credential) if credential.kind == CredentialKind::SessionCookie => {
            let client = by_cookie(credential.source == CredentialSource::Cookie)?;
            token::authenticate(app.doorward(), &credential, &client).await
        }
        Ok(credential) => return token::authenticate(app.doorward(), &credential, &Client::default()).await,
        Err(Denied::Missing) => Err(Denied::Missing.into()),
        Err(denied) => return Err(denied.into()),
    };
    // A session of Doorward's that is over says nothing about one that has begun at the Flask application since.
    match (shown, flask_cookies(app, headers)) {
        (Err(Error::Denied(denied)), Some(cookies)) => {
            by_cookie(true)?;
            let doorward = acting(app, headers, extensions);
            let (identity, value) = match flask_session::recognise(&doorward, &cookies).await {
                Err(Error::Denied(Denied::BadSignature)) => return Err(denied.into()),
                recognised => recognised?,
            };
            if let Some(exchanged) = extensions.get::<Exchanged>() {
                let _ = exchanged.0.set(value);
            }
            Ok(identity)
        }
        (shown, _) => shown,
    }
}
