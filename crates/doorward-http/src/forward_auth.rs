//! What a proxy asks before it lets a request through.

mod asked;
mod identity_headers;

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request},
    response::{IntoResponse as _, Response},
    routing::any,
};
use doorward_core::{
    Error,
    forward_auth::{self, Original, Require, Unforwarded},
};
use doorward_guard::{Denied, Identity};
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, LOCATION},
    request::Parts,
};

use crate::{
    App, client_address,
    envelope::Refusal,
    extract::{app, authenticate_at, log, recall},
};
use asked::{Asked, Form};

/// Where the questions are asked; what stands behind it is the path that was asked for.
const PATH: &str = "/forward-auth";
const WITH_SLASH: &str = "/forward-auth/";
const WITH_PATH: &str = "/forward-auth/{*path}";

/// Where nginx is to send the browser: it takes no redirect for an answer.
const X_DOORWARD_SIGN_IN: HeaderName = HeaderName::from_static("x-doorward-sign-in");
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The routes: any method, also one that nobody knows.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let door = any(answer);
    Router::new().route(PATH, door.clone()).route(WITH_SLASH, door.clone()).route(WITH_PATH, door)
}

/// Whether a request is such a question. Its `Host` may be the original one, and its answer is read by its status alone.
pub(crate) fn is_question(extensions: &Extensions) -> bool {
    let path = extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    path.is_some_and(|path| [PATH, WITH_SLASH, WITH_PATH].into_iter().any(|ours| path.ends_with(ours)))
}

#[utoipa::path(
    get, path = "/forward-auth", tag = "For services",
    summary = "Let a request through a proxy, or not",
    description = "By any method. nginx tells the original request in `X-Original-Method` and `X-Original-URI`, Caddy and Traefik \
                   in `X-Forwarded-Method` and `X-Forwarded-Uri`, all of them `X-Forwarded-Host` and `X-Forwarded-Proto`; Envoy puts \
                   the path behind this one. Only proxies of `http.trusted_proxies` are answered. The first rule of \
                   `forward_auth.rules` that matches decides.",
    responses(
        (status = 200, description = "Let it through. All headers are always there, empty where there is nothing to say.", headers(
            ("X-Doorward-User" = String, description = "The user name, percent-encoded beyond visible ASCII."),
            ("X-Doorward-Id" = String, description = "The user's id."),
            ("X-Doorward-Roles" = String, description = "The roles, separated by commas."),
            ("X-Doorward-Email" = String, description = "The confirmed address, likewise encoded."),
            ("X-Doorward-Assertion" = String, description = "The same as a JWT, where `forward_auth.assertion` is on."),
        )),
        (status = 302, description = "A browser has to sign in; `Location` is the page."),
        (status = 401, description = "The token or session that came is none, or over."),
        (status = 403, description = "`token_missing`, `role_required`, `permission_required`, `scope_required`, \
                                      `cross_site_request`, `no_rule`, `path_ambiguous`, `original_request_unclear`, \
                                      `proxy_not_trusted`, `identity_header_from_outside`."),
        (status = 503, description = "`guard_stale`, `unavailable`."),
    ),
)]
pub(crate) async fn answer(request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let app = match app(&parts.extensions) {
        Ok(app) => app,
        Err(refusal) => return refusal,
    };
    let asked = match read(&app, &parts) {
        Ok(asked) => asked,
        Err(refusal) => return Refusal(refusal.into()).into_response(),
    };
    match judge(&app, &asked.original, &parts).await {
        Ok(headers) => (StatusCode::OK, headers).into_response(),
        Err(error) => refuse(&app, &asked, &parts.headers, error),
    }
}

fn read(app: &App, parts: &Parts) -> Result<Asked, Unforwarded> {
    if !client_address::is_trusted_proxy(&parts.extensions, &app.settings().http.trusted_proxies) {
        return Err(Unforwarded::ProxyNotTrusted);
    }
    if identity_headers::came_from_outside(&parts.headers) {
        return Err(Unforwarded::IdentityFromOutside);
    }
    Asked::read(parts, PATH)
}

/// What is told of whoever is let in.
async fn judge(app: &App, original: &Original, parts: &Parts) -> Result<HeaderMap, Error> {
    let doorward = app.doorward();
    let (_, rule) = forward_auth::rule_for(&app.settings().forward_auth.rules, original)?;
    let known = if let Some(known) = recall(app, &parts.headers) {
        known
    } else {
        let own_host = original.authority();
        authenticate_at(app, &original.method, Some(&own_host), &parts.headers, &parts.extensions).await
    };
    let permissions = doorward.permissions();
    let admitted =
        known.and_then(|identity| forward_auth::admit(rule, original, &identity, permissions).map(|()| identity));
    let identity = match (&rule.require, admitted) {
        (_, Ok(identity)) => Some(identity),
        // Whatever is wrong with what was shown: it is as if nothing had been.
        (Require::Anybody, Err(_)) => None,
        (Require::SignedIn(_), Err(error)) => return Err(error),
    };
    let Some(identity) = identity else { return Ok(identity_headers::of_nobody()) };
    let email = email_of(app, &identity).await;
    let assertion = if app.settings().forward_auth.assertion {
        Some(forward_auth::assertion(doorward, rule, original, &identity, email.as_deref())?)
    } else {
        None
    };
    Ok(identity_headers::of(&identity, email.as_deref(), assertion.as_deref()))
}

/// The address; none where it can't be read now: whoever is signed in is not kept out for it.
async fn email_of(app: &App, identity: &Identity) -> Option<Arc<str>> {
    if !app.settings().forward_auth.email {
        return None;
    }
    let read = forward_auth::confirmed_email(app.doorward(), identity.user_id).await;
    read.unwrap_or_else(|error| {
        tracing::warn!(%error, "X-Doorward-Email stays empty: the address can't be read");
        None
    })
}

fn refuse(app: &App, asked: &Asked, headers: &HeaderMap, error: Error) -> Response {
    let signs_in = matches!(&error, Error::Denied(denied) if *denied != Denied::Stale) && is_browser(asked, headers);
    let page = signs_in.then(|| forward_auth::sign_in_address(&app.settings().forward_auth, &asked.original)).flatten();
    let page = page.and_then(|page| HeaderValue::from_str(&page).ok());
    match (page, asked.form) {
        (Some(page), Form::Original) => {
            let mut response = Refusal(error).into_response();
            response.headers_mut().insert(X_DOORWARD_SIGN_IN, page);
            response
        }
        (Some(page), Form::Forwarded | Form::Appended) => {
            log(&error);
            (StatusCode::FOUND, [(LOCATION, page)]).into_response()
        }
        (None, _) => Refusal(error).into_response(),
    }
}

/// Whether a person waits for a page, who can sign in; a program could do nothing with it.
fn is_browser(asked: &Asked, headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let takes_pages = text(&ACCEPT).is_some_and(|accept| {
        accept.split(',').any(|range| range.split(';').next().is_some_and(|range| range.trim() == "text/html"))
    });
    let is_script =
        headers.contains_key(X_REQUESTED_WITH) || text(&SEC_FETCH_MODE).is_some_and(|mode| mode != "navigate");
    let shows_token = headers.contains_key("token") || headers.contains_key(AUTHORIZATION);
    matches!(asked.original.method, Method::GET | Method::HEAD) && takes_pages && !is_script && !shows_token
}
