//! `/invitations`

pub(crate) mod id;

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use doorward_core::{
    Language,
    database::StoredTime,
    invitation::{self, Invitation, NewInvitation},
};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, Envelope,
    envelope::{Preferences, Refusal},
    extract::{Acting, Administrator, Fields, JsonBody, ReadFields},
};

/// An invitation, without its code.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationAnswer {
    #[schema(example = "01980d3c5a7b7e3f9c1d2e3f4a5b6c7d")]
    id: String,
    /// Whom it was mailed to.
    #[schema(example = "alice@example.com")]
    email: Option<String>,
    /// The role that comes with it.
    #[schema(example = "editor")]
    role: Option<String>,
    /// Who invited; null where it was an operator.
    invited_by: Option<i64>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    expires_at: String,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    used_at: Option<String>,
    /// Who used it.
    user_id: Option<i64>,
}

impl From<Invitation> for InvitationAnswer {
    fn from(it: Invitation) -> Self {
        Self {
            id: it.id,
            email: it.email,
            role: it.role,
            invited_by: it.invited_by.map(|id| id.0),
            created_at: it.created_at.rfc3339(),
            expires_at: it.expires_at.rfc3339(),
            used_at: it.used_at.map(StoredTime::rfc3339),
            user_id: it.user_id.map(|id| id.0),
        }
    }
}

/// Invitations, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationList {
    #[schema(max_items = 200)]
    invitations: Vec<InvitationAnswer>,
}

/// The envelope of [`InvitationList`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct InvitationListEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: InvitationList,
}

/// Lists the newest 200 invitations, used and outdated ones too.
#[utoipa::path(
    get,
    path = "/invitations",
    tag = "Invitations",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The invitations.", body = InvitationListEnvelope),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(
    Extension(app): Extension<App>,
    _: Administrator,
) -> Result<Envelope<InvitationList>, Refusal> {
    let invitations = invitation::list(app.doorward().database().reads()).await?;
    Ok(Envelope::successful(InvitationList { invitations: invitations.into_iter().map(Into::into).collect() }))
}

/// An invitation to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitationRequest {
    /// Whom to mail it to. The account will have this address, confirmed. Without it the answer holds the
    /// code.
    #[schema(example = "alice@example.com", max_length = 64)]
    email: Option<String>,
    /// A role that the account will have.
    #[schema(example = "editor", max_length = 64)]
    role: Option<String>,
    /// How long it is good, in seconds, ten minutes to a year; otherwise
    /// `registration.invitation_expiration`.
    #[schema(example = 604_800, minimum = 600, maximum = 31_536_000)]
    expires_in: Option<u64>,
}

impl ReadFields for NewInvitationRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            email: fields.optional_text("email"),
            role: fields.optional_text("role"),
            expires_in: fields.optional_number("expires_in"),
        }
    }
}

/// An invitation that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewInvitationAnswer {
    #[serde(flatten)]
    invitation: InvitationAnswer,
    /// The code, told this once; null where it was mailed.
    #[schema(example = "dwi_2J5cXGxKq0c1m4Yk8b0o3nq9c8m7f6d5s4a3p2o1i0u")]
    invitation_code: Option<String>,
    /// The link with the code; likewise.
    #[schema(example = "https://users.example.com/account/register#dwi_2J5cXGxKq0c1m4Yk8b0o3nq9c8m7f6d5s4a3p2o1i0u")]
    link: Option<String>,
}

/// The envelope of [`NewInvitationAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct NewInvitationEnvelope {
    #[schema(example = 201)]
    code: u16,
    message: Option<String>,
    data: NewInvitationAnswer,
}

/// Invites somebody to register: by mail, or by a code to hand on. It is good once.
#[utoipa::path(
    post,
    path = "/invitations",
    tag = "Invitations",
    request_body = NewInvitationRequest,
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 201, description = "Invited.", body = NewInvitationEnvelope),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `registration_closed`: nobody could use it; `cross_site_request`."),
        (status = 404, description = "`role_not_found`."),
        (status = 409, description = "`email_taken`: an account has the address."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn create(
    Extension(app): Extension<App>,
    _: Administrator,
    Acting(doorward): Acting,
    headers: HeaderMap,
    JsonBody(body): JsonBody<NewInvitationRequest>,
) -> Result<Response, Refusal> {
    let language = match Preferences::of(&headers, app.settings()).language {
        Language::Chinese => "zh",
        Language::Flask | Language::English => "en",
    };
    let new = NewInvitation {
        email: body.email.as_deref(),
        role: body.role.as_deref(),
        expires_in: body.expires_in,
        language,
    };
    let invited = invitation::create(&doorward, new).await?;
    let (invitation_code, link) = invited.shown.unzip();
    let answer = NewInvitationAnswer { invitation: invited.invitation.into(), invitation_code, link };
    Ok(Envelope { code: 201, message: None, data: Some(answer) }.into_response())
}
