use doorward_core::registration;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Fields, JsonBody, ReadFields},
};

/// The address of a registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResendRequest {
    /// The address that was registered with.
    #[schema(example = "alice@example.com", max_length = 64)]
    email: String,
}

impl ReadFields for ResendRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { email: fields.filled_text("email") }
    }
}

/// What was asked for. It doesn't tell whether anything was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResendAnswer {
    #[schema(example = "alice@example.com")]
    email: String,
}

/// The envelope of [`ResendAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct ResendEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: ResendAnswer,
}

/// Mails the link and the code of a registration once more; not more often than once a minute. The answer
/// is the same whether somebody registered with the address.
#[utoipa::path(
    post,
    path = "/confirm/resend",
    tag = "Registration",
    request_body = ResendRequest,
    responses(
        (status = 200, description = "If somebody registered with this address and has not confirmed it, a mail is on its way.", body = ResendEnvelope),
        (status = 429, description = "`too_many_tries`: too many for this name or address, or from this network."),
        (status = 503, description = "`unavailable`."),
    ),
)]
pub(crate) async fn resend(
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<ResendRequest>,
) -> Result<Envelope<ResendAnswer>, Refusal> {
    let arrived = Instant::now();
    registration::resend(&doorward, &body.email, arrived).await?;
    Ok(Envelope::successful(ResendAnswer { email: body.email }))
}
