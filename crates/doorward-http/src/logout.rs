use axum::{
    Extension, Json,
    response::{IntoResponse, Response},
};
use doorward_core::{Actor, Error, database::UserId, session};
use http::{HeaderValue, Method, header::ALLOW, request::Parts};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    App, cookie, cross_site,
    envelope::Refusal,
    extract::{acting, authenticate, comes_by_cookie, log},
};

/// The Flask system's answer to a logout, in its words.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogoutAnswer {
    #[schema(example = "You have been logged out.")]
    message: &'static str,
}

/// Signs out: the session ends everywhere, with all its tokens.
#[utoipa::path(
    get,
    path = "/logout",
    tag = "Login",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Signed out.", body = LogoutAnswer),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `cross_site_request`."),
        (status = 503, description = "`unavailable`."),
    ),
)]
pub(crate) async fn log_out(Extension(app): Extension<App>, parts: Parts) -> Result<Response, Refusal> {
    sign_out(&app, &parts).await
}

/// Signs out, for a bearer token or the session cookie. With the header `token` there is only `GET`,
/// as in the Flask system.
#[utoipa::path(
    post,
    path = "/logout",
    tag = "Login",
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Signed out.", body = LogoutAnswer),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `cross_site_request`."),
        (status = 405, description = "`method_not_allowed`: the header `token` came; use `GET`."),
        (status = 503, description = "`unavailable`."),
    ),
)]
pub(crate) async fn log_out_by_post(Extension(app): Extension<App>, parts: Parts) -> Result<Response, Refusal> {
    if parts.headers.contains_key("token") {
        let mut response = Refusal(Error::MethodNotAllowed).into_response();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET,HEAD"));
        return Ok(response);
    }
    sign_out(&app, &parts).await
}

async fn sign_out(app: &App, parts: &Parts) -> Result<Response, Refusal> {
    let result = end_session(app, parts).await;
    if let Err(error) = &result {
        log(error);
    }
    result?;
    let mut response = Json(LogoutAnswer { message: "You have been logged out." }).into_response();
    if app.settings().session.cookie {
        cookie::clear(app, &mut response);
    }
    Ok(response)
}

async fn end_session(app: &App, parts: &Parts) -> Result<(), Error> {
    if comes_by_cookie(app, &parts.headers) {
        cross_site::check(app, &parts.headers)?;
    }
    let identity = authenticate(app, &parts.method, &parts.headers, &parts.extensions).await?;
    // HEAD tells what GET would answer, and changes nothing (RFC 9110 §9.3.2).
    if parts.method != Method::HEAD {
        let doorward = acting(app, &parts.headers, &parts.extensions);
        session::log_out(&doorward.acting_as(Actor::User(UserId(identity.user_id))), &identity).await?;
    }
    Ok(())
}
