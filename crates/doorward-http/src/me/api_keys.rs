use axum::{
    Extension,
    extract::{Path, rejection::PathRejection},
};
use doorward_core::{
    Error,
    api_key::{self, ApiKeyRow, CreatedApiKey, NewApiKey},
    database::{StoredTime, UserId},
    session,
};
use doorward_guard::CredentialKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, CurrentUser, Envelope,
    envelope::Refusal,
    extract::{Acting, Fields, JsonBody, ReadFields},
};

/// An API key, as lists show it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeyAnswer {
    #[schema(example = "0170dc5012bb7fffbfffffffffffffff")]
    id: String,
    #[schema(example = "nightly import")]
    name: String,
    /// Its first characters.
    #[schema(example = "dw_4nB2xY9q")]
    shown: String,
    #[schema(example = json!(["read"]))]
    scopes: Vec<String>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends by itself; null for never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// To the minute.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// The key, at its making only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "dw_4nB2xY9qLwR7sTzK0aVbM3cD5eF8gH1iJ6kN2oP4qUy0AbCdE", nullable = false)]
    key: Option<String>,
}

impl From<ApiKeyRow> for ApiKeyAnswer {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            scopes: row.scopes().map(str::to_owned).collect(),
            id: row.id,
            name: row.name,
            shown: row.shown,
            created_at: row.created_at.rfc3339(),
            expires_at: row.expires_at.map(StoredTime::rfc3339),
            last_used_at: row.last_used_at.map(StoredTime::rfc3339),
            key: None,
        }
    }
}

/// API keys, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeysAnswer {
    api_keys: Vec<ApiKeyAnswer>,
}

/// The envelope of [`ApiKeysAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct ApiKeysEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: ApiKeysAnswer,
}

/// The envelope of [`ApiKeyAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct ApiKeyEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: ApiKeyAnswer,
}

/// The user's API keys. None is shown again.
#[utoipa::path(
    get,
    path = "/me/api-keys",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The API keys that were not ended, newest first.", body = ApiKeysEnvelope),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`token_missing`, `scope_required`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(
    Extension(app): Extension<App>,
    current: CurrentUser,
) -> Result<Envelope<ApiKeysAnswer>, Refusal> {
    let rows = api_key::list_of(app.doorward().database().reads(), UserId(current.user_id)).await?;
    Ok(Envelope::successful(ApiKeysAnswer { api_keys: rows.into_iter().map(Into::into).collect() }))
}

/// An API key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKeyRequest {
    /// What you call it.
    #[schema(example = "nightly import", min_length = 1, max_length = 64)]
    name: String,
    /// What it may do: `read`, `write`, names of roles, and the application's own strings.
    #[schema(example = json!(["read"]), min_items = 1, max_items = 20)]
    scopes: Vec<String>,
    /// After how many seconds it ends by itself; never without it.
    #[schema(minimum = 60, maximum = 315_360_000)]
    expires_in: Option<u64>,
    /// The present password, where the sign-in is not recent.
    #[schema(max_length = 1024, nullable = false)]
    password: Option<String>,
}

impl ReadFields for NewApiKeyRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.text("name"),
            scopes: fields.texts("scopes"),
            expires_in: fields.optional_number("expires_in"),
            password: fields.optional_text("password"),
        }
    }
}

/// Makes an API key. It is shown this once.
#[utoipa::path(
    post,
    path = "/me/api-keys",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    request_body = NewApiKeyRequest,
    responses(
        (status = 200, description = "The API key, with the key itself.", body = ApiKeyEnvelope),
        (status = 401, description = "The token was refused; `invalid_credentials`: the password is wrong."),
        (status = 403, description = "`fresh_login_required`: send the password; `api_key_not_allowed`: an API key makes none; `token_missing`, `scope_required`, `cross_site_request`."),
        (status = 409, description = "`api_key_limit`."),
        (status = 503, description = "`busy`, `unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn create(
    current: CurrentUser,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<NewApiKeyRequest>,
) -> Result<Envelope<ApiKeyAnswer>, Refusal> {
    session::require_recent_proof(&doorward, &current, body.password.as_deref()).await?;
    let new = NewApiKey { name: body.name, scopes: body.scopes, expires_in: body.expires_in };
    let CreatedApiKey { row, key } = api_key::create(&doorward, UserId(current.user_id), new).await?;
    Ok(Envelope::successful(ApiKeyAnswer { key: Some(key.expose().to_owned()), ..row.into() }))
}

/// Ends an API key. An API key can end itself only.
#[utoipa::path(
    delete,
    path = "/me/api-keys/{id}",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "The key's id.")),
    responses(
        (status = 200, description = "Ended, everywhere within a second.", body = super::NothingEnvelope),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`api_key_not_allowed`, `token_missing`, `scope_required`, `cross_site_request`."),
        (status = 404, description = "`api_key_not_found`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn revoke(
    current: CurrentUser,
    Acting(doorward): Acting,
    id: Result<Path<String>, PathRejection>,
) -> Result<Envelope<()>, Refusal> {
    let Ok(Path(id)) = id else { return Err(Error::ApiKeyNotFound.into()) };
    let user = UserId(current.user_id);
    if current.kind == CredentialKind::ApiKey
        && !api_key::is_key_of(doorward.database().reads(), &id, &current.token_id).await?
    {
        return Err(Error::ApiKeyNotAllowed.into());
    }
    api_key::revoke(&doorward, user, &id).await?;
    Ok(Envelope::successful(()))
}
