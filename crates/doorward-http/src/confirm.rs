//! `/confirm`

pub(crate) mod resend;

use doorward_core::{FieldProblem, registration};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Fields, JsonBody, ReadFields},
};

/// What came by mail: the token of the link alone, or the code with the address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmRequest {
    /// The token of the link: what stands behind its `#`.
    #[schema(example = "dwo_2J5cXGxKq0c1m4Yk8b0o3nq9c8m7f6d5s4a3p2o1i0u")]
    token: Option<String>,
    /// The address that the code was sent to.
    #[schema(example = "alice@example.com", max_length = 64)]
    email: Option<String>,
    /// The code.
    #[schema(example = "48291507")]
    code: Option<String>,
}

impl ReadFields for ConfirmRequest {
    fn read(fields: &mut Fields) -> Self {
        let token = fields.optional_text("token");
        if token.is_some() {
            return Self { token, email: None, code: None };
        }
        let (email, code) = (fields.optional_text("email"), fields.optional_text("code"));
        if email.is_none() && code.is_none() {
            fields.refuse_value("token", FieldProblem::Required);
        } else if email.is_none() {
            fields.refuse_value("email", FieldProblem::Required);
        } else if code.is_none() {
            fields.refuse_value("code", FieldProblem::Required);
        }
        Self { token, email, code }
    }
}

/// An address that is confirmed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfirmAnswer {
    /// Always true.
    confirmed: bool,
}

/// The envelope of [`ConfirmAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct ConfirmEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: ConfirmAnswer,
}

/// Confirms the address of a registration, or the new one of an account, by what was mailed to it. Each link and code is good once.
#[utoipa::path(
    post,
    path = "/confirm",
    tag = "Registration",
    request_body = ConfirmRequest,
    responses(
        (status = 200, description = "Confirmed: the address belongs to the account.", body = ConfirmEnvelope),
        (status = 400, description = "`code_invalid`: the link or code is wrong, used, over, or was tried too often; `invalid_fields`, `malformed_request`, `unsupported_media_type`."),
        (status = 429, description = "`too_many_tries`: too many for this name or address, or from this network."),
        (status = 503, description = "`unavailable`."),
    ),
)]
pub(crate) async fn confirm(
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<ConfirmRequest>,
) -> Result<Envelope<ConfirmAnswer>, Refusal> {
    let arrived = Instant::now();
    match body {
        ConfirmRequest { token: Some(token), .. } => registration::confirm_by_link(&doorward, &token).await?,
        ConfirmRequest { email, code, .. } => {
            let (email, code) = (email.unwrap_or_default(), code.unwrap_or_default());
            registration::confirm_by_code(&doorward, &email, &code, arrived).await?;
        }
    }
    Ok(Envelope::successful(ConfirmAnswer { confirmed: true }))
}
