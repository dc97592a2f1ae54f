//! `POST /users/{id}/undelete`

use doorward_core::user;

use super::id::{DoneEnvelope, done};
use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, NamedUser},
};

/// Calls off the deletion that a user asked for. What was ended stays ended.
#[utoipa::path(
    post,
    path = "/users/{id}/undelete",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "No deletion is pending any more.", body = DoneEnvelope),
        (status = 404, description = "`user_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn undelete(
    _: Administrator,
    NamedUser(id): NamedUser,
    Acting(doorward): Acting,
) -> Result<Envelope<()>, Refusal> {
    user::undelete(&doorward, id).await?;
    Ok(done())
}
