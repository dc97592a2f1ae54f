use axum::extract::{FromRequestParts, RawPathParams};
use doorward_core::{Error, invitation};
use doorward_guard::SessionId;
use http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator},
};

/// The invitation that the path names. What can be no id names none.
pub(crate) struct NamedInvitation(String);

impl<S: Send + Sync> FromRequestParts<S> for NamedInvitation {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let segments = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Error::InvitationNotFound)?;
        let id = segments.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse::<SessionId>().ok());
        Ok(Self(id.ok_or(Error::InvitationNotFound)?.to_string()))
    }
}

/// An invitation that was taken back.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedInvitation {
    #[schema(example = "01980d3c5a7b7e3f9c1d2e3f4a5b6c7d")]
    id: String,
}

/// The envelope of [`RevokedInvitation`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct RevokedInvitationEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: RevokedInvitation,
}

/// Takes an invitation back that nobody has used yet.
#[utoipa::path(
    delete,
    path = "/invitations/{id}",
    tag = "Invitations",
    params(("id" = String, Path, description = "The invitation's id.", example = "01980d3c5a7b7e3f9c1d2e3f4a5b6c7d")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Taken back.", body = RevokedInvitationEnvelope),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 404, description = "`invitation_not_found`: there is none, or it was used."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn revoke(
    _: Administrator,
    Acting(doorward): Acting,
    NamedInvitation(id): NamedInvitation,
) -> Result<Envelope<RevokedInvitation>, Refusal> {
    invitation::revoke(&doorward, &id).await?;
    Ok(Envelope::successful(RevokedInvitation { id }))
}
