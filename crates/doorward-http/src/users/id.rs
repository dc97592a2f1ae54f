//! `/users/{id}`

use axum::{Extension, response::Response};
use doorward_core::{
    Error,
    user::{self, UserChange},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shown::{self, UserEnvelope};
use crate::{
    App, Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, Fields, IfMatch, JsonBody, NamedUser, ReadFields},
    openapi::always_null,
};

/// Shows a user.
#[utoipa::path(
    get,
    path = "/users/{id}",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The user.", body = UserEnvelope,
            headers(("ETag", description = "For `If-Match` at a change. It covers everything but `last_seen`."))),
        (status = 404, description = "`user_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn show(
    Extension(app): Extension<App>,
    _: Administrator,
    NamedUser(id): NamedUser,
) -> Result<Response, Refusal> {
    let user = user::find_by_id(app.doorward().database().reads(), id).await?.ok_or(Error::UserNotFound)?;
    Ok(shown::show(app.doorward(), user, StatusCode::OK).await?)
}

/// What to change of a user. What is missing stays; null clears. There is no password, no roles and no
/// state here: each has a door of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "null clears, and what is missing stays")]
pub(crate) struct UserChangeRequest {
    #[schema(example = "alice", max_length = 64)]
    username: Option<String>,
    /// Another address counts as not confirmed.
    #[schema(example = "alice@example.com", max_length = 64)]
    email: Option<Option<String>>,
    #[schema(max_length = 64)]
    name: Option<Option<String>>,
    #[schema(max_length = 64)]
    location: Option<Option<String>>,
    #[schema(max_length = 4096)]
    about_me: Option<Option<String>>,
    /// `en` or `zh`.
    #[schema(example = "en")]
    language: Option<Option<String>>,
    /// Whether the next sign-in must choose another password.
    must_change_password: Option<bool>,
}

impl ReadFields for UserChangeRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.optional_text("username"),
            email: fields.clearable_text("email"),
            name: fields.clearable_text("name"),
            location: fields.clearable_text("location"),
            about_me: fields.clearable_text("about_me"),
            language: fields.clearable_text("language"),
            must_change_password: fields.optional_flag("must_change_password"),
        }
    }
}

/// Changes a user. With `If-Match` only if it is still as it was read.
#[utoipa::path(
    patch,
    path = "/users/{id}",
    tag = "Users",
    params(
        ("id" = String, Path, description = "The user's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read (RFC 9110 §13.1.1)."),
    ),
    request_body = UserChangeRequest,
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The user as it is now.", body = UserEnvelope,
            headers(("ETag", description = "The new one."))),
        (status = 404, description = "`user_not_found`."),
        (status = 409, description = "`username_taken`, `email_taken`."),
        (status = 412, description = "`precondition_failed`: somebody else has changed it."),
        (status = 428, description = "`precondition_required`, where `account.require_if_match` is set."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn change(
    _: Administrator,
    NamedUser(id): NamedUser,
    Acting(doorward): Acting,
    IfMatch(precondition): IfMatch,
    JsonBody(body): JsonBody<UserChangeRequest>,
) -> Result<Response, Refusal> {
    let change = UserChange {
        username: body.username,
        email: body.email,
        name: body.name,
        location: body.location,
        about_me: body.about_me,
        language: body.language,
        must_change_password: body.must_change_password,
    };
    let user = user::change(&doorward, id, change, &precondition).await?;
    Ok(shown::show(&doorward, user, StatusCode::OK).await?)
}

/// Deletes a user for ever, with all that is held of them.
#[utoipa::path(
    delete,
    path = "/users/{id}",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Deleted.", body = DoneEnvelope),
        (status = 404, description = "`user_not_found`."),
        (status = 409, description = "`last_administrator`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn delete(
    _: Administrator,
    NamedUser(id): NamedUser,
    Acting(doorward): Acting,
) -> Result<Envelope<()>, Refusal> {
    user::delete(&doorward, id).await?;
    Ok(done())
}

/// Done, and nothing more to say.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct DoneEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    #[schema(schema_with = always_null)]
    data: (),
}

/// The answer that says no more than that it is done.
pub(crate) fn done() -> Envelope<()> {
    Envelope { code: 200, message: None, data: None }
}
