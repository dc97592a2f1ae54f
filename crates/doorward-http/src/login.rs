use axum::{
    Extension, Json,
    extract::Request,
    response::{IntoResponse, Response},
};
use doorward_core::session::{self, LogIn};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::{
    App, cookie, cross_site,
    envelope::Refusal,
    extract::{Fields, JsonBody, ReadFields, acting},
};

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The user name or the e-mail address.
    #[schema(example = "admin", max_length = 256)]
    username: String,
    /// The password.
    #[schema(example = "correct horse battery staple", max_length = 1024)]
    password: String,
    /// Another password, where an administrator asked for one (`password_change_required`).
    #[schema(example = "a few unrelated words", max_length = 1024)]
    new_password: Option<String>,
}

impl ReadFields for LoginRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.filled_text("username"),
            password: fields.filled_text("password"),
            new_password: fields.optional_text("new_password"),
        }
    }
}

/// A sign-in that succeeded. Not an envelope: the Flask system's clients expect it so.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginAnswer {
    /// Always 200.
    #[schema(example = 200)]
    code: u16,
    /// The access token, for the header `token` or `Authorization: Bearer`.
    token: String,
    /// How long the access token is good, in seconds.
    #[schema(example = 3600)]
    expiration: u64,
    /// The refresh token, for `POST /token/refresh`. Good once.
    refresh_token: String,
    /// How long the refresh token is good, in seconds.
    #[schema(example = 2_592_000)]
    refresh_expiration: u64,
}

impl LoginAnswer {
    pub(crate) fn new(tokens: doorward_core::token::IssuedTokens) -> Self {
        Self {
            code: 200,
            token: tokens.access,
            expiration: tokens.expires_in,
            refresh_token: tokens.refresh,
            refresh_expiration: tokens.refresh_expires_in,
        }
    }
}

/// Signs in with a password.
#[utoipa::path(
    post,
    path = "/login",
    tag = "Login",
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in. Browsers get a session cookie too.", body = LoginAnswer),
        (status = 401, description = "`invalid_credentials`: no user has this name and password."),
        (status = 403, description = "`account_disabled`, `email_not_confirmed`, `password_change_required`: send `new_password` too (after the right password); `challenge_required`: send a solution in `X-Challenge-Response`; `cross_site_request`."),
        (status = 429, description = "`too_many_tries`: too many failed for this name or from this network, alike whether there is such a user."),
        (status = 503, description = "`busy`: too many sign-ins at once; `unavailable`."),
    ),
)]
pub(crate) async fn log_in(Extension(app): Extension<App>, request: Request) -> Result<Response, Refusal> {
    let arrived = Instant::now();
    cross_site::check(&app, request.headers())?;
    let doorward = acting(&app, request.headers(), request.extensions());
    let JsonBody(body) = <JsonBody<LoginRequest> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    let (identifier, password, new_password) = (&body.username, &body.password, body.new_password.as_deref());
    let logged_in = session::log_in(&doorward, LogIn { identifier, password, new_password, arrived }).await?;
    let mut response = Json(LoginAnswer::new(logged_in.tokens)).into_response();
    if let Some(value) = &logged_in.cookie {
        cookie::set(&app, &mut response, value);
    }
    if let Some(device) = &logged_in.device {
        cookie::set_device(&app, &mut response, device.expose());
    }
    Ok(response)
}
