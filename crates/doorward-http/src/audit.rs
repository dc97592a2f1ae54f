use axum::Extension;
use doorward_core::{
    audit::{self, AuditEvent, Filter},
    database::UserId,
    event::EventKind,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::{
    App, Envelope,
    envelope::Refusal,
    extract::{Administrator, Fields, QueryFields, ReadFields},
};

/// Rows on a page where nothing else is asked for.
const USUAL: i64 = 50;

/// Which rows of the audit.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes the parameters")]
pub(crate) struct AuditQuery {
    /// What happened to this user, by the id.
    #[param(minimum = 1)]
    user: Option<i64>,
    /// What this user did, by the id.
    #[param(minimum = 1)]
    actor: Option<i64>,
    /// A kind of event.
    #[param(example = "login.failed")]
    kind: Option<String>,
    /// From this time on, RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Before this time, RFC 3339.
    #[param(format = DateTime)]
    until: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// What the page before gave as `next`, with the same filter.
    cursor: Option<String>,
}

/// The same, read.
pub(crate) struct AuditRequest {
    filter: Filter,
    limit: u64,
    cursor: Option<String>,
}

/// A page, as far as the query says.
pub(crate) struct PageRequest {
    pub(crate) limit: u64,
    pub(crate) cursor: Option<String>,
}

impl ReadFields for PageRequest {
    fn read(fields: &mut Fields) -> Self {
        let most = i64::try_from(audit::MOST).unwrap_or(i64::MAX);
        let limit = fields.optional_number_word("limit", 1, most).unwrap_or(USUAL);
        Self { limit: limit.unsigned_abs(), cursor: fields.optional_text("cursor") }
    }
}

impl ReadFields for AuditRequest {
    fn read(fields: &mut Fields) -> Self {
        let user = fields.optional_number_word("user", 1, i64::MAX).map(UserId);
        let actor = fields.optional_number_word("actor", 1, i64::MAX).map(UserId);
        let known =
            |kind: &str| EventKind::ALL.iter().find(|known| known.name() == kind).map(|kind| kind.name().to_owned());
        let kind = fields.optional_word("kind", known);
        let (since, until) = (fields.optional_time("since"), fields.optional_time("until"));
        let PageRequest { limit, cursor } = PageRequest::read(fields);
        Self { filter: Filter { user, actor, kind, since, until }, limit, cursor }
    }
}

/// Something that happened to an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditRow {
    /// The chain that the row belongs to.
    #[schema(example = 1)]
    stream: i32,
    /// Its place there.
    #[schema(example = 1)]
    sequence: i64,
    /// When: RFC 3339, UTC.
    #[schema(format = DateTime)]
    at: String,
    /// What.
    #[schema(example = "login.failed")]
    kind: String,
    /// To whom.
    user_id: Option<i64>,
    /// Who: `system`, `command_line`, `anonymous`, `user`, `api_key`.
    #[schema(example = "anonymous")]
    actor: String,
    /// Whose account acted.
    actor_id: Option<i64>,
    /// From where.
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    /// The id of the request, as the log has it.
    request_id: Option<String>,
    /// More about it.
    #[schema(value_type = Object)]
    details: Value,
}

impl AuditRow {
    fn of(row: AuditEvent) -> Self {
        Self {
            stream: row.stream,
            sequence: row.sequence,
            at: row.at.rfc3339(),
            kind: row.kind,
            user_id: row.user_id.map(|id| id.0),
            actor: row.actor,
            actor_id: row.actor_id.map(|id| id.0),
            address: row.address,
            request_id: row.request_id,
            details: serde_json::from_str(&row.details).unwrap_or_default(),
        }
    }
}

/// A part of the audit.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The rows, newest first.
    events: Vec<AuditRow>,
    /// For `cursor`, where there are more.
    next: Option<String>,
}

/// The envelope of [`AuditPage`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct AuditEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: AuditPage,
}

/// Who did what to whom, newest first.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "Administration",
    params(AuditQuery),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "A page of the audit.", body = AuditEnvelope),
        (status = 400, description = "`invalid_fields`: a parameter can't be taken, or the cursor is of another filter; `malformed_request`."),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`token_missing`; `role_required`: the caller is no administrator."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(
    Extension(app): Extension<App>,
    _: Administrator,
    QueryFields(request): QueryFields<AuditRequest>,
) -> Result<Envelope<AuditPage>, Refusal> {
    let page = audit::page(app.doorward(), &request.filter, request.cursor.as_deref(), request.limit).await?;
    let events = page.rows.into_iter().map(AuditRow::of).collect();
    Ok(Envelope::successful(AuditPage { events, next: page.next }))
}
