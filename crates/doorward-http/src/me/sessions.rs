use axum::{
    Extension,
    extract::{Path, RawQuery, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use doorward_core::{
    Error, FieldProblem,
    database::UserId,
    session::{self, Device, Session},
};
use doorward_guard::SessionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, CurrentUser, Envelope, cookie, envelope::Refusal, extract::Acting};

/// How many sessions a page holds that doesn't say.
const PAGE: u64 = 50;

/// A sign-in that is alive.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionAnswer {
    #[schema(example = "0170dc5012bb7fffbfffffffffffffff")]
    id: String,
    /// The browser or program, simply read from what it calls itself.
    #[schema(example = "Firefox")]
    program: Option<String>,
    #[schema(example = "Windows")]
    system: Option<String>,
    /// What it calls itself.
    user_agent: Option<String>,
    /// From where it signed in.
    #[schema(example = "192.0.2.1")]
    address: Option<String>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// To the minute.
    #[schema(format = DateTime)]
    last_seen_at: String,
    /// When it ends at the latest.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Whether this request is of it.
    current: bool,
}

impl SessionAnswer {
    fn new(session: Session, current: Option<SessionId>) -> Self {
        let device = session.user_agent.as_deref().map(Device::of);
        Self {
            program: device.map(|device| device.program.to_owned()),
            system: device.and_then(|device| device.system).map(str::to_owned),
            address: session.address,
            created_at: session.created_at.rfc3339(),
            last_seen_at: session.last_seen_at.rfc3339(),
            expires_at: session.expires_at.rfc3339(),
            current: current.is_some_and(|id| id.to_string() == session.id),
            user_agent: session.user_agent,
            id: session.id,
        }
    }
}

/// A page of sessions, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsAnswer {
    sessions: Vec<SessionAnswer>,
    /// For `after`, to go on; null on the last page.
    next: Option<String>,
}

/// The envelope of [`SessionsAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct SessionsEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: SessionsAnswer,
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedAnswer {
    #[schema(example = 1)]
    ended: u64,
}

/// The envelope of [`EndedAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct EndedEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: EndedAnswer,
}

/// Where the user is signed in.
#[utoipa::path(
    get,
    path = "/me/sessions",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    params(
        ("after" = Option<String>, Query, description = "`next` of the page before."),
        ("limit" = Option<u64>, Query, description = "How many at most; 50 without it.", minimum = 1, maximum = 200),
    ),
    responses(
        (status = 200, description = "Sessions, newest first.", body = SessionsEnvelope),
        (status = 400, description = "`invalid_fields`."),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`token_missing`, `scope_required`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(
    Extension(app): Extension<App>,
    current: CurrentUser,
    RawQuery(query): RawQuery,
) -> Result<Envelope<SessionsAnswer>, Refusal> {
    let (after, limit) = read_query(query.as_deref().unwrap_or_default())?;
    let page = session::page_of(app.doorward(), UserId(current.user_id), after, limit).await?;
    let sessions = page.sessions.into_iter().map(|session| SessionAnswer::new(session, current.session_id)).collect();
    Ok(Envelope::successful(SessionsAnswer { sessions, next: page.next }))
}

fn read_query(query: &str) -> Result<(Option<SessionId>, u64), Error> {
    let (mut after, mut limit) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "after" if after.is_some() => return Err(Error::field("after", FieldProblem::Duplicate)),
            "limit" if limit.is_some() => return Err(Error::field("limit", FieldProblem::Duplicate)),
            "after" => {
                after = Some(value.parse().map_err(|_| Error::field("after", FieldProblem::NotAllowed))?);
            }
            "limit" => {
                let number = value.parse().ok().filter(|number| (1..=200).contains(number));
                limit = Some(number.ok_or(Error::field("limit", FieldProblem::OutOfRange))?);
            }
            // Others are for somebody else: a cache, a proxy.
            _ => {}
        }
    }
    Ok((after, limit.unwrap_or(PAGE)))
}

/// Ends one of the user's sessions.
#[utoipa::path(
    delete,
    path = "/me/sessions/{id}",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    params(("id" = String, Path, description = "The session's id.")),
    responses(
        (status = 200, description = "Ended, everywhere within a second.", body = EndedEnvelope),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`token_missing`, `scope_required`, `cross_site_request`."),
        (status = 404, description = "`session_not_found`: none that is alive, or another's."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn end(
    Extension(app): Extension<App>,
    current: CurrentUser,
    Acting(doorward): Acting,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(Error::SessionNotFound)?;
    session::end_own(&doorward, UserId(current.user_id), id).await?;
    let mut response = Envelope::successful(EndedAnswer { ended: 1 }).into_response();
    if current.session_id == Some(id) && app.settings().session.cookie {
        cookie::clear(&app, &mut response);
    }
    Ok(response)
}

/// Ends all the user's sessions but this one.
#[utoipa::path(
    delete,
    path = "/me/sessions",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "How many were ended.", body = EndedEnvelope),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`token_missing`, `scope_required`, `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn end_others(
    current: CurrentUser,
    Acting(doorward): Acting,
) -> Result<Envelope<EndedAnswer>, Refusal> {
    let ended = session::end_others(&doorward, UserId(current.user_id), current.session_id).await?;
    Ok(Envelope::successful(EndedAnswer { ended }))
}
