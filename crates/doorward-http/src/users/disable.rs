//! `POST /users/{id}/disable`

use doorward_core::{
    database::StoredTime,
    user::{self, Disabling},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::id::{DoneEnvelope, done};
use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, Fields, JsonBody, NamedUser, ReadFields},
};

/// How an account is disabled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisableRequest {
    /// Why, for administrators.
    #[schema(example = "asked for it by phone", max_length = 256)]
    reason: Option<String>,
    /// When it ends by itself (RFC 3339); never without.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip)]
    until: Option<StoredTime>,
}

impl ReadFields for DisableRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { reason: fields.optional_text("reason"), until: fields.optional_time("until") }
    }
}

/// Keeps a user from signing in, and ends every session and token of theirs.
#[utoipa::path(
    post,
    path = "/users/{id}/disable",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    request_body = DisableRequest,
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Disabled.", body = DoneEnvelope),
        (status = 404, description = "`user_not_found`."),
        (status = 409, description = "`last_administrator`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn disable(
    _: Administrator,
    NamedUser(id): NamedUser,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<DisableRequest>,
) -> Result<Envelope<()>, Refusal> {
    user::disable_with(&doorward, id, Disabling { reason: body.reason, until: body.until }).await?;
    Ok(done())
}
