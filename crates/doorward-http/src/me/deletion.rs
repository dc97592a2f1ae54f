use axum::{
    Extension,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use doorward_core::database::{StoredTime, UserId};
use doorward_core::{Error, session, user};
use doorward_guard::Denied;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, CurrentUser, Envelope, cookie,
    envelope::Refusal,
    extract::{Acting, Fields, JsonBody, ReadFields},
};

/// Who wants the account deleted.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteMe {
    /// The present password, where the sign-in is not recent.
    #[schema(max_length = 1024, nullable = false)]
    password: Option<String>,
}

impl ReadFields for DeleteMe {
    fn read(fields: &mut Fields) -> Self {
        Self { password: fields.optional_text("password") }
    }
}

/// When the account is deleted.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletionAnswer {
    /// RFC 3339, UTC; null where it is deleted already.
    #[schema(format = DateTime)]
    delete_after: Option<String>,
}

/// The envelope of [`DeletionAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct DeletionEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: DeletionAnswer,
}

/// Deletes the account: at once, or after the time of grace that is configured. Every session and token ends.
#[utoipa::path(
    delete,
    path = "/me",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    request_body(content = Option<DeleteMe>, description = "May be left out."),
    responses(
        (status = 200, description = "Deleted, or about to be.", body = DeletionEnvelope),
        (status = 401, description = "The token was refused; `invalid_credentials`: the password is wrong."),
        (status = 403, description = "`fresh_login_required`: send the password; `api_key_not_allowed`, `token_missing`, `scope_required`, `cross_site_request`."),
        (status = 409, description = "`last_administrator`."),
        (status = 503, description = "`busy`, `unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn request(
    Extension(app): Extension<App>,
    current: CurrentUser,
    Acting(doorward): Acting,
    request: Request,
) -> Result<Response, Refusal> {
    let body = if has_body(&request) { JsonBody::from_request(request, &()).await?.0 } else { DeleteMe::default() };
    session::require_recent_proof(&doorward, &current, body.password.as_deref()).await?;
    let when = user::request_deletion(&doorward, UserId(current.user_id)).await.map_err(|error| match error {
        Error::UserNotFound => Denied::UserUnknown.into(),
        error => error,
    })?;
    let mut response =
        Envelope::successful(DeletionAnswer { delete_after: when.map(StoredTime::rfc3339) }).into_response();
    if app.settings().session.cookie {
        cookie::clear(&app, &mut response);
    }
    Ok(response)
}

/// Many clients send no body with `DELETE`, and then no content type either.
fn has_body(request: &Request) -> bool {
    let headers = request.headers();
    headers.contains_key(CONTENT_TYPE)
        || headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// The link of the mail that told of the deletion.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelDeletion {
    /// The link's `token`.
    #[schema(max_length = 256)]
    token: String,
}

impl ReadFields for CancelDeletion {
    fn read(fields: &mut Fields) -> Self {
        Self { token: fields.filled_text("token") }
    }
}

/// Calls the deletion of an account off, by the link of the mail.
#[utoipa::path(
    post,
    path = "/me/deletion/cancel",
    tag = "Me",
    request_body = CancelDeletion,
    responses(
        (status = 200, description = "Called off: the user can sign in again.", body = super::NothingEnvelope),
        (status = 400, description = "`code_invalid`: the link is none, used, or over; `invalid_fields`, `malformed_request`, `unsupported_media_type`."),
        (status = 503, description = "`unavailable`."),
    ),
)]
pub(crate) async fn cancel(
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<CancelDeletion>,
) -> Result<Envelope<()>, Refusal> {
    user::cancel_deletion(&doorward, &body.token).await?;
    Ok(Envelope::successful(()))
}
