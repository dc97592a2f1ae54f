use axum::{Extension, extract::Request};
use doorward_core::{
    password::NewPassword,
    registration::{self, Register, Registered},
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::{
    App, Envelope, cross_site,
    envelope::{Preferences, Refusal},
    extract::{Fields, JsonBody, ReadFields, acting},
};

/// Who wants an account. Which of name and address are needed, `registration.username` and
/// `registration.email` say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterRequest {
    /// The user name: letters and digits of one script, with `. - _ '` within.
    #[schema(example = "alice", max_length = 64)]
    username: Option<String>,
    /// The e-mail address.
    #[schema(example = "alice@example.com", max_length = 64)]
    email: Option<String>,
    /// The password.
    #[schema(example = "seven green umbrellas dance", max_length = 1024)]
    password: String,
    /// The code of an invitation.
    #[schema(example = "dwi_2J5cXGxKq0c1m4Yk8b0o3nq9c8m7f6d5s4a3p2o1i0u")]
    invitation: Option<String>,
}

impl ReadFields for RegisterRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.optional_text("username"),
            email: fields.optional_text("email"),
            password: fields.filled_text("password"),
            invitation: fields.optional_text("invitation"),
        }
    }
}

/// A registration. Nothing in it tells whether the address has an account already.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegisterAnswer {
    #[schema(example = "alice")]
    username: Option<String>,
    #[schema(example = "alice@example.com")]
    email: Option<String>,
    /// Whether the address must be confirmed, by the mail that was sent to it.
    confirmation_needed: bool,
}

impl From<Registered> for RegisterAnswer {
    fn from(it: Registered) -> Self {
        Self { username: it.username, email: it.email, confirmation_needed: it.confirmation_needed }
    }
}

/// The envelope of [`RegisterAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct RegisterEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: RegisterAnswer,
}

/// Makes an account, where `registration.mode` lets one register. The address belongs to it once it is
/// confirmed.
#[utoipa::path(
    post,
    path = "/register",
    tag = "Registration",
    request_body = RegisterRequest,
    responses(
        (status = 200, description = "Registered. The answer is the same where the address has an account: its owner gets a mail that says so.", body = RegisterEnvelope),
        (status = 403, description = "`registration_closed`, `invitation_invalid`, `vetoed`, `cross_site_request`."),
        (status = 409, description = "`username_taken`: somebody has this name, or one that can be taken for it; `email_taken`: only to whoever was invited by mail."),
        (status = 429, description = "`too_many_tries`: too many for this name or address, or from this network."),
        (status = 503, description = "`busy`: too many passwords wait to be hashed; `unavailable`."),
    ),
)]
pub(crate) async fn register(
    Extension(app): Extension<App>,
    request: Request,
) -> Result<Envelope<RegisterAnswer>, Refusal> {
    let arrived = Instant::now();
    cross_site::check(&app, request.headers())?;
    let doorward = acting(&app, request.headers(), request.extensions());
    let language = Preferences::of(request.headers(), app.settings()).language;
    let JsonBody(body) =
        <JsonBody<RegisterRequest> as axum::extract::FromRequest<()>>::from_request(request, &()).await?;
    let registered = registration::register(
        &doorward,
        Register {
            username: body.username.as_deref(),
            email: body.email.as_deref(),
            password: NewPassword::new(body.password),
            invitation: body.invitation.as_deref(),
            language,
            arrived,
        },
    )
    .await?;
    Ok(Envelope::successful(registered.into()))
}
