use axum::Extension;
use doorward_core::{
    audit::{self, AuditEvent, Filter},
    database::UserId,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{App, CurrentUser, Envelope, audit::PageRequest, envelope::Refusal, extract::QueryFields};

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes the parameters")]
pub(crate) struct ActivityQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// What the page before gave as `next`.
    cursor: Option<String>,
}

/// Something that happened to the user's account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Activity {
    /// When: RFC 3339, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// What.
    #[schema(example = "login.succeeded")]
    kind: String,
    /// Who: `me`, `anonymous` (somebody who was not signed in), `administrator`, `system`.
    #[schema(example = "me")]
    by: &'static str,
    /// From where, unless it was an administrator or Doorward itself.
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    /// More about it.
    #[schema(value_type = Object)]
    details: Value,
}

impl Activity {
    fn of(row: AuditEvent, me: UserId) -> Self {
        let by = match row.actor.as_str() {
            "user" | "api_key" if row.actor_id == Some(me) => "me",
            "user" | "api_key" | "command_line" => "administrator",
            "anonymous" => "anonymous",
            _ => "system",
        };
        Self {
            at: row.at.rfc3339(),
            kind: row.kind,
            by,
            // An administrator's address is the administrator's own data.
            address: row.address.filter(|_| matches!(by, "me" | "anonymous")),
            details: serde_json::from_str(&row.details).unwrap_or_default(),
        }
    }
}

/// A part of what happened.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActivityPage {
    /// Newest first.
    events: Vec<Activity>,
    /// For `cursor`, where there are more.
    next: Option<String>,
}

/// The envelope of [`ActivityPage`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct ActivityEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: ActivityPage,
}

/// What happened to the signed-in user's account, newest first.
#[utoipa::path(
    get,
    path = "/me/activity",
    tag = "Me",
    params(ActivityQuery),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "A page of it.", body = ActivityEnvelope),
        (status = 400, description = "`invalid_fields`: a parameter can't be taken; `malformed_request`."),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`token_missing`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(
    Extension(app): Extension<App>,
    current: CurrentUser,
    QueryFields(request): QueryFields<PageRequest>,
) -> Result<Envelope<ActivityPage>, Refusal> {
    let me = UserId(current.user_id);
    let since = audit::life_began(app.doorward(), me).await?;
    let filter = Filter { user: Some(me), since, ..Filter::default() };
    let page = audit::page(app.doorward(), &filter, request.cursor.as_deref(), request.limit).await?;
    let events = page.rows.into_iter().map(|row| Activity::of(row, me)).collect();
    Ok(Envelope::successful(ActivityPage { events, next: page.next }))
}
