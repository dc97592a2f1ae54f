//! `POST /users/{id}/reset-password`

use doorward_core::password;
use serde::Deserialize;
use utoipa::ToSchema;

use super::id::{DoneEnvelope, done};
use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, Fields, JsonBody, NamedUser, ReadFields},
};

/// How a reset is started.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetRequest {
    /// Whether the present password is no longer enough: a sign-in with it must choose another.
    must_change_password: Option<bool>,
}

impl ReadFields for ResetRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { must_change_password: fields.optional_flag("must_change_password") }
    }
}

/// Mails a user the link to choose another password.
#[utoipa::path(
    post,
    path = "/users/{id}/reset-password",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    request_body = ResetRequest,
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The mail is on its way.", body = DoneEnvelope),
        (status = 404, description = "`user_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`; `account_disabled`: the user is."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn start(
    _: Administrator,
    NamedUser(id): NamedUser,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<ResetRequest>,
) -> Result<Envelope<()>, Refusal> {
    password::start_reset(&doorward, id).await?;
    if body.must_change_password == Some(true) {
        password::require_change(&doorward, id).await?;
    }
    Ok(done())
}
