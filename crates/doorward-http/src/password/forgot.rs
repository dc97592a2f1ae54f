use axum::{Extension, extract::Request};
use doorward_core::password;
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::{
    App, Envelope, cross_site,
    envelope::{NothingEnvelope, Refusal},
    extract::{Fields, JsonBody, ReadFields, acting},
};

/// Who has forgotten the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotRequest {
    /// The user name or the e-mail address.
    #[schema(example = "alice@example.com", max_length = 256)]
    username: String,
}

impl ReadFields for ForgotRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { username: fields.filled_text("username") }
    }
}

/// Mails a link to choose another password, good for 30 minutes. The answer is the same whether there is such a
/// user.
#[utoipa::path(
    post,
    path = "/password/forgot",
    tag = "Password",
    request_body = ForgotRequest,
    responses(
        (status = 200, description = "If there is such a user with an address, a mail is on its way.", body = NothingEnvelope),
        (status = 403, description = "`cross_site_request`."),
        (status = 429, description = "`too_many_tries`."),
        (status = 503, description = "`unavailable`."),
    ),
)]
pub(crate) async fn forgot(Extension(app): Extension<App>, request: Request) -> Result<Envelope<()>, Refusal> {
    let arrived = Instant::now();
    cross_site::check(&app, request.headers())?;
    let doorward = acting(&app, request.headers(), request.extensions());
    let JsonBody(body) =
        <JsonBody<ForgotRequest> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    password::forgot(&doorward, &body.username, arrived).await?;
    Ok(Envelope::done())
}
