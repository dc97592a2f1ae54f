//! `POST /users/{id}/logout`

use doorward_core::{
    Error,
    session::{self, EndReason},
    user,
};

use super::sessions::{Ended, EndedEnvelope};
use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, NamedUser},
};

/// Ends every session and token of a user.
#[utoipa::path(
    post,
    path = "/users/{id}/logout",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Ended.", body = EndedEnvelope),
        (status = 404, description = "`user_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn log_out(
    _: Administrator,
    NamedUser(id): NamedUser,
    Acting(doorward): Acting,
) -> Result<Envelope<Ended>, Refusal> {
    user::find_by_id(doorward.database().reads(), id).await?.ok_or(Error::UserNotFound)?;
    let ended = session::end_all(&doorward, id, EndReason::Administrator).await?;
    Ok(Envelope::successful(Ended { ended }))
}
