use axum::Extension;
use chrono::{DateTime, SecondsFormat, Utc};
use doorward_core::{
    database::{LenientText, StoredTime, UserId},
    user,
};
use doorward_guard::Denied;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, CurrentUser, Envelope, envelope::Refusal};

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

/// Who is signed in.
#[utoipa::path(
    get,
    path = "/me",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The signed-in user.", body = MeEnvelope),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn show(Extension(app): Extension<App>, current: CurrentUser) -> Result<Envelope<Me>, Refusal> {
    let reads = app.doorward().database().reads();
    let user = user::find_by_id(reads, UserId(current.user_id)).await?;
    // Deleted a moment ago, and the feed has not told yet.
    let user = user.ok_or(Denied::UserUnknown)?;
    let text = |field: Option<LenientText>| field.map(|text| text.0);
    Ok(Envelope::successful(Me {
        id: user.id.0,
        username: text(user.username),
        email: text(user.email),
        confirmed: user.confirmed.unwrap_or(false),
        name: text(user.name),
        location: text(user.location),
        about_me: text(user.about_me),
        member_since: user.member_since.map(rfc3339),
        last_seen: user.last_seen.map(rfc3339),
        avatar_hash: text(user.avatar_hash),
        roles: user::roles_of(reads, user.id).await?,
    }))
}

fn rfc3339(time: StoredTime) -> String {
    let time: DateTime<Utc> = time.utc();
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
