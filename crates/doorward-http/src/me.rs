pub(crate) mod activity;
pub(crate) mod api_keys;
pub(crate) mod deletion;
pub(crate) mod email;
pub(crate) mod export;
pub(crate) mod password;
pub(crate) mod sessions;

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use doorward_core::{
    Doorward, Error,
    database::{LenientText, StoredTime, UserId},
    profile::{self, Audience, ProfileChange},
    user::{self, User},
};
use doorward_guard::Denied;
use http::header::ETAG;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, CurrentUser, Envelope,
    envelope::Refusal,
    extract::{Acting, Fields, IfMatch, JsonBody, ReadFields},
};

/// The signed-in user.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the table's column")]
pub(crate) struct Me {
    #[schema(example = 1)]
    id: i64,
    #[schema(example = "admin")]
    username: Option<String>,
    #[schema(example = "admin@example.com")]
    email: Option<String>,
    /// The address of the registration, while it is not confirmed; `email` is null until then.
    #[schema(example = json!(null))]
    pending_email: Option<String>,
    confirmed: bool,
    name: Option<String>,
    location: Option<String>,
    about_me: Option<String>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    member_since: Option<String>,
    /// RFC 3339, UTC; to the minute.
    #[schema(format = DateTime)]
    last_seen: Option<String>,
    avatar_hash: Option<String>,
    #[schema(example = json!(["admin"]))]
    roles: Vec<String>,
    /// The language of mails: `en` or `zh`; null for the service's own.
    language: Option<String>,
    /// The application's own fields, as far as the user may see them; null where it has none.
    #[schema(value_type = Option<Object>)]
    extra: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The envelope of [`Me`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct MeEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: Me,
}

/// An envelope that says that it was done.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct NothingEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    #[schema(value_type = Option<Object>)]
    data: Option<()>,
}

/// Who is signed in.
#[utoipa::path(
    get,
    path = "/me",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The signed-in user.", body = MeEnvelope,
            headers(("ETag", description = "For `If-Match` at a change. It covers everything but `last_seen`."))),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`, `scope_required`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn show(Extension(app): Extension<App>, current: CurrentUser) -> Result<Response, Refusal> {
    let user = user::find_by_id(app.doorward().database().reads(), UserId(current.user_id)).await?;
    // Deleted a moment ago, and the feed has not told yet.
    answer(app.doorward(), user.ok_or(Denied::UserUnknown)?).await
}

/// What is to be changed of the profile. What is missing stays; null clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "missing, null and a text are three things")]
pub(crate) struct ChangeMe {
    /// The user name.
    #[schema(min_length = 1, max_length = 64, nullable = false)]
    username: Option<String>,
    /// The name shown to others.
    #[schema(max_length = 64)]
    name: Option<Option<String>>,
    #[schema(max_length = 64)]
    location: Option<Option<String>>,
    #[schema(max_length = 4096)]
    about_me: Option<Option<String>>,
    /// The language of mails: `en` or `zh`.
    #[schema(max_length = 2)]
    language: Option<Option<String>>,
    /// The application's own fields: what is missing stays, null takes away (RFC 7396).
    #[schema(value_type = Option<Object>, nullable = false)]
    extra: Option<serde_json::Map<String, serde_json::Value>>,
}

impl ReadFields for ChangeMe {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.optional_text("username"),
            name: fields.clearable_text("name"),
            location: fields.clearable_text("location"),
            about_me: fields.clearable_text("about_me"),
            language: fields.clearable_text("language"),
            extra: fields.optional_object("extra"),
        }
    }
}

/// Changes the profile. With `If-Match` only if it is still as it was read.
#[utoipa::path(
    patch,
    path = "/me",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    params(("If-Match" = Option<String>, Header, description = "The `ETag` that was read (RFC 9110 §13.1.1).")),
    request_body = ChangeMe,
    responses(
        (status = 200, description = "The user as changed.", body = MeEnvelope,
            headers(("ETag", description = "The new one."))),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`token_missing`, `scope_required`, `cross_site_request`."),
        (status = 409, description = "`username_taken`."),
        (status = 412, description = "`precondition_failed`: somebody else has changed it."),
        (status = 428, description = "`precondition_required`, where `account.require_if_match` is set."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn change(
    current: CurrentUser,
    Acting(doorward): Acting,
    IfMatch(precondition): IfMatch,
    JsonBody(body): JsonBody<ChangeMe>,
) -> Result<Response, Refusal> {
    let wanted = ProfileChange {
        username: body.username,
        name: body.name,
        location: body.location,
        about_me: body.about_me,
        language: body.language,
        extra: body.extra,
    };
    let changed = profile::change(&doorward, UserId(current.user_id), wanted, &precondition, Audience::User).await;
    let user = changed.map_err(|error| match error {
        Error::UserNotFound => Denied::UserUnknown.into(),
        error => error,
    })?;
    answer(&doorward, user).await
}

async fn answer(doorward: &Doorward, user: User) -> Result<Response, Refusal> {
    let roles = user::roles_of(doorward.database().reads(), user.id).await?;
    let etag = profile::etag(&user, &roles);
    let extra = doorward.profile_schema().map(|schema| schema.readable(user.extra_fields(), Audience::User));
    let text = |field: Option<LenientText>| field.map(|text| text.0);
    let me = Me {
        id: user.id.0,
        username: text(user.username),
        email: text(user.email),
        pending_email: text(user.pending_email),
        confirmed: user.confirmed.unwrap_or(false),
        name: text(user.name),
        location: text(user.location),
        about_me: text(user.about_me),
        member_since: user.member_since.map(StoredTime::rfc3339),
        last_seen: user.last_seen.map(StoredTime::rfc3339),
        avatar_hash: text(user.avatar_hash),
        roles,
        language: text(user.language),
        extra,
    };
    Ok(([(ETAG, etag)], Envelope::successful(me)).into_response())
}
