use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use doorward_core::password::{self, NewPassword};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, CurrentUser, Envelope, cookie,
    envelope::Refusal,
    extract::{Acting, Fields, JsonBody, ReadFields},
};

/// Another password for the signed-in user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// The present password. May be missing shortly after a sign-in.
    #[schema(example = "correct horse battery staple", max_length = 1024)]
    password: Option<String>,
    /// The password from now on.
    #[schema(example = "a few unrelated words", max_length = 1024)]
    new_password: String,
}

impl ReadFields for PasswordRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { password: fields.optional_text("password"), new_password: fields.filled_text("new_password") }
    }
}

/// The session that takes the place of the one that asked.
#[derive(Serialize, ToSchema)]
pub(crate) struct RenewedTokens {
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

/// The envelope of [`RenewedTokens`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct RenewedTokensEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: RenewedTokens,
}

/// Changes the password. Every session and token of the user ends, this one too: the answer holds its successor.
#[utoipa::path(
    post,
    path = "/me/password",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    request_body = PasswordRequest,
    responses(
        (status = 200, description = "Changed. Browsers get a new session cookie too.", body = RenewedTokensEnvelope),
        (status = 401, description = "`invalid_credentials`: the present password is wrong; or the token was refused: `token_expired`, `token_revoked`, …"),
        (status = 403, description = "`fresh_login_required`: send the present password, or sign in again; `api_key_not_allowed`; `token_missing`; `cross_site_request`."),
        (status = 503, description = "`busy`; `unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn change(
    Extension(app): Extension<App>,
    current: CurrentUser,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<PasswordRequest>,
) -> Result<Response, Refusal> {
    let new = NewPassword::new(body.new_password);
    let renewed = password::change(&doorward, &current, body.password.as_deref(), new).await?;
    let mut response = Envelope::successful(RenewedTokens {
        token: renewed.tokens.access,
        expiration: renewed.tokens.expires_in,
        refresh_token: renewed.tokens.refresh,
        refresh_expiration: renewed.tokens.refresh_expires_in,
    })
    .into_response();
    if let Some(value) = &renewed.cookie {
        cookie::set(&app, &mut response, value);
    }
    Ok(response)
}
