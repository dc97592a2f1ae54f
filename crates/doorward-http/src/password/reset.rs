use axum::{Extension, extract::Request};
use doorward_core::password::{self, NewPassword};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    App, Envelope, cross_site,
    envelope::{NothingEnvelope, Refusal},
    extract::{Fields, JsonBody, ReadFields, acting},
};

/// Another password, by a mailed link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetRequest {
    /// What stands behind `#` in the link.
    #[schema(example = "dwo_kKfL0PY4LRnx0sNh1gAm9oP0jXq0cYV1m4mCqXhZ9aE", max_length = 64)]
    token: String,
    /// The password from now on.
    #[schema(example = "a few unrelated words", max_length = 1024)]
    new_password: String,
}

impl ReadFields for ResetRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { token: fields.filled_text("token"), new_password: fields.filled_text("new_password") }
    }
}

/// Chooses another password by the token of a mailed link. Ends all sessions and tokens of the user, and signs
/// nobody in.
#[utoipa::path(
    post,
    path = "/password/reset",
    tag = "Password",
    request_body = ResetRequest,
    responses(
        (status = 200, description = "The password is changed; sign in with it.", body = NothingEnvelope),
        (status = 400, description = "`code_invalid`: the link is none, used or over; `invalid_fields` where the password can't be taken, and the link stays good; `malformed_request`, `unsupported_media_type`."),
        (status = 403, description = "`cross_site_request`."),
        (status = 503, description = "`busy`; `unavailable`."),
    ),
)]
pub(crate) async fn reset(Extension(app): Extension<App>, request: Request) -> Result<Envelope<()>, Refusal> {
    cross_site::check(&app, request.headers())?;
    let doorward = acting(&app, request.headers(), request.extensions());
    let JsonBody(body) = <JsonBody<ResetRequest> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    password::reset(&doorward, &body.token, NewPassword::new(body.new_password)).await?;
    Ok(Envelope::done())
}
