//! `/users/{id}/sessions`

use axum::Extension;
use doorward_core::{Error, session, user};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    App, Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, NamedUser},
};

/// A session that is alive.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionShown {
    #[schema(example = "01900000000070008000000000000000")]
    id: String,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339, UTC; to the minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    expires_at: String,
    address: Option<String>,
    user_agent: Option<String>,
}

/// The sessions of a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The newest first, 200 at most.
    sessions: Vec<SessionShown>,
}

/// The envelope of [`SessionList`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct SessionListEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: SessionList,
}

/// What was ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ended {
    /// How many sessions were alive.
    pub(super) ended: u64,
}

/// The envelope of [`Ended`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct EndedEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: Ended,
}

/// Lists the sessions of a user.
#[utoipa::path(
    get,
    path = "/users/{id}/sessions",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The sessions.", body = SessionListEnvelope),
        (status = 404, description = "`user_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(
    Extension(app): Extension<App>,
    _: Administrator,
    NamedUser(id): NamedUser,
) -> Result<Envelope<SessionList>, Refusal> {
    let doorward = app.doorward();
    let reads = doorward.database().reads();
    user::find_by_id(reads, id).await?.ok_or(Error::UserNotFound)?;
    let sessions = session::list_of(reads, id, doorward.now()).await?;
    let sessions = sessions.into_iter().map(|session| SessionShown {
        id: session.id,
        created_at: session.created_at.rfc3339(),
        last_seen_at: session.last_seen_at.rfc3339(),
        expires_at: session.expires_at.rfc3339(),
        address: session.address,
        user_agent: session.user_agent,
    });
    Ok(Envelope::successful(SessionList { sessions: sessions.collect() }))
}

/// Ends every session and token of a user.
#[utoipa::path(
    delete,
    path = "/users/{id}/sessions",
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
pub(crate) async fn end(
    administrator: Administrator,
    named: NamedUser,
    acting: Acting,
) -> Result<Envelope<Ended>, Refusal> {
    super::logout::log_out(administrator, named, acting).await
}
