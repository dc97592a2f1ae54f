//! `POST /users/{id}/enable`

use doorward_core::user;

use super::id::{DoneEnvelope, done};
use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, NamedUser},
};

/// Lets a disabled user sign in again. What was ended stays ended.
#[utoipa::path(
    post,
    path = "/users/{id}/enable",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Enabled.", body = DoneEnvelope),
        (status = 404, description = "`user_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn enable(
    _: Administrator,
    NamedUser(id): NamedUser,
    Acting(doorward): Acting,
) -> Result<Envelope<()>, Refusal> {
    user::enable(&doorward, id).await?;
    Ok(done())
}
