use axum::Json;
use doorward_core::token;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    envelope::Refusal,
    extract::{Acting, Fields, JsonBody, ReadFields},
    login::LoginAnswer,
};

/// A refresh token to exchange.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// The refresh token of the last answer.
    #[schema(example = "dwr_2J5cXGxKq0c1m4Yk8b0o3nq9c8m7f6d5s4a3p2o1i0u")]
    refresh_token: String,
}

impl ReadFields for RefreshRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { refresh_token: fields.filled_text("refresh_token") }
    }
}

/// Exchanges a refresh token for new tokens. Each is good once; one that comes a second time ends its
/// session.
#[utoipa::path(
    post,
    path = "/token/refresh",
    tag = "Login",
    request_body = RefreshRequest,
    responses(
        (status = 200, description = "New tokens.", body = LoginAnswer),
        (status = 401, description = "`refresh_token_invalid`, `refresh_token_expired`, `refresh_token_reused`, `session_ended`."),
        (status = 503, description = "`unavailable`."),
    ),
)]
pub(crate) async fn refresh(
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<RefreshRequest>,
) -> Result<Json<LoginAnswer>, Refusal> {
    let tokens = token::refresh(&doorward, &body.refresh_token).await?;
    Ok(Json(LoginAnswer::new(tokens)))
}
