use axum::{Extension, extract::Request};
use doorward_core::user;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::{
    App, CurrentUser, Envelope, cross_site,
    envelope::{NothingEnvelope, Refusal},
    extract::{Acting, Fields, JsonBody, ReadFields, acting},
};

/// Another address for the signed-in user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailRequest {
    /// The new address.
    #[schema(example = "alice@example.net", max_length = 64)]
    email: String,
    /// The password. May be missing shortly after a sign-in.
    #[schema(example = "correct horse battery staple", max_length = 1024)]
    password: Option<String>,
}

impl ReadFields for EmailRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { email: fields.filled_text("email"), password: fields.optional_text("password") }
    }
}

/// Asks for another e-mail address. It counts once it is confirmed by the link or the code that is mailed there; the
/// old address is told then, and can undo it for seven days.
#[utoipa::path(
    post,
    path = "/me/email",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    request_body = EmailRequest,
    responses(
        (status = 200, description = "If no other user has the address, a mail is on its way to it.", body = NothingEnvelope),
        (status = 401, description = "`invalid_credentials`: the password is wrong; or the token was refused: `token_expired`, `token_revoked`, …"),
        (status = 403, description = "`fresh_login_required`: send the password, or sign in again; `api_key_not_allowed`; `token_missing`; `cross_site_request`."),
        (status = 429, description = "`too_many_tries`: one mail a minute."),
        (status = 503, description = "`busy`; `unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn change(
    current: CurrentUser,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<EmailRequest>,
) -> Result<Envelope<()>, Refusal> {
    let arrived = Instant::now();
    user::change_email(&doorward, &current, body.password.as_deref(), &body.email, arrived).await?;
    Ok(Envelope::done())
}

/// The token of a link to undo a change of address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoRequest {
    /// What stands behind `#` in the link.
    #[schema(example = "dwo_kKfL0PY4LRnx0sNh1gAm9oP0jXq0cYV1m4mCqXhZ9aE", max_length = 64)]
    token: String,
}

impl ReadFields for UndoRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { token: fields.filled_text("token") }
    }
}

/// Gives the account its old address back. All sessions and tokens end, and a link to choose another password goes
/// to the old address.
#[utoipa::path(
    post,
    path = "/me/email/undo",
    tag = "Me",
    request_body = UndoRequest,
    responses(
        (status = 200, description = "The old address is back.", body = NothingEnvelope),
        (status = 400, description = "`code_invalid`: the link is none, used or over; `invalid_fields`, `malformed_request`, `unsupported_media_type`."),
        (status = 403, description = "`cross_site_request`."),
        (status = 409, description = "`email_taken`: another user has the old address by now."),
        (status = 503, description = "`unavailable`."),
    ),
)]
pub(crate) async fn undo(Extension(app): Extension<App>, request: Request) -> Result<Envelope<()>, Refusal> {
    cross_site::check(&app, request.headers())?;
    let doorward = acting(&app, request.headers(), request.extensions());
    let JsonBody(body) = <JsonBody<UndoRequest> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    user::undo_email_change(&doorward, &body.token).await?;
    Ok(Envelope::done())
}
