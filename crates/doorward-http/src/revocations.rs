//! `/revocations`

use std::{convert::Infallible, time::Duration};

use axum::{
    Extension, Json,
    response::{
        IntoResponse, Response,
        sse::{Event as Message, Sse},
    },
};
use doorward_core::{Doorward, Error, api_key, revocation};
use futures_util::{Stream, stream};
use http::{
    HeaderMap,
    header::{ACCEPT, CACHE_CONTROL},
};
use utoipa::IntoParams;

use crate::{
    App, ScopeName,
    envelope::Refusal,
    extract::{Fields, QueryFields, ReadFields, Service},
};

mod told;

pub(crate) use told::Revocations;

/// The longest wait that can be asked for, in seconds.
const LONGEST_WAIT: i64 = 60;
/// A stream says something at least so often.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// A stream ends after so long; whoever follows comes again, maybe to another replica.
const STREAM_LIFE: Duration = Duration::from_mins(10);

/// [`api_key::REVOCATIONS`]
pub(crate) struct Follow;

impl ScopeName for Follow {
    const NAME: &'static str = api_key::REVOCATIONS;
}

/// From where to go on.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes the parameters")]
pub(crate) struct FollowQuery {
    /// The `sequence` of the answer before. Without it: everything, as a snapshot.
    #[param(minimum = 0, example = 1236)]
    after: Option<i64>,
    /// For how many seconds to wait for something new.
    #[param(minimum = 0, maximum = 60, default = 0)]
    wait: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct FollowRequest {
    after: Option<i64>,
    wait: u64,
}

impl ReadFields for FollowRequest {
    fn read(fields: &mut Fields) -> Self {
        let wait = fields.optional_number_word("wait", 0, LONGEST_WAIT).unwrap_or(0);
        Self { after: fields.optional_number_word("after", 0, i64::MAX), wait: wait.unsigned_abs() }
    }
}

/// What was revoked after a number: at once if there is anything, else as soon as there is.
///
/// With `Accept: text/event-stream` as server-sent events, each with the same object; `Last-Event-ID` goes on from there.
#[utoipa::path(
    get,
    path = "/revocations",
    tag = "For services",
    params(FollowQuery),
    responses(
        (status = 200, description = "What is new, or everything.", content(
            (Revocations = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 400, description = "`invalid_fields`."),
        (status = 401, description = "`service_required`: send a service's API key."),
        (status = 403, description = "`scope_required`: the key lacks the scope `revocations`."),
        (status = 503, description = "`guard_stale`: the database is away; `busy`: too many follow already. Try again after `Retry-After`."),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn show(
    _: Service<Follow>,
    Extension(app): Extension<App>,
    headers: HeaderMap,
    QueryFields(request): QueryFields<FollowRequest>,
) -> Result<Response, Refusal> {
    let doorward = app.doorward().clone();
    if wants_stream(&headers) {
        let after = last_event_id(&headers)?.or(request.after);
        // The first is asked here, so that a refusal is an answer with a status.
        let first = revocation::follow(&doorward, after, Duration::ZERO).await?;
        let messages = messages(doorward, first);
        return Ok(([(CACHE_CONTROL, "no-store")], Sse::new(messages)).into_response());
    }
    // No longer than a request may take: an empty answer is better than none.
    let most = Duration::from_millis(app.settings().http.request_timeout_ms).saturating_sub(Duration::from_secs(1));
    let told = revocation::follow(&doorward, request.after, Duration::from_secs(request.wait).min(most)).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(Revocations::from(told))).into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|range| range.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream")))
}

/// The number of the last event that the client saw (HTML Living Standard §9.2.4).
fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Error> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|number: &i64| *number >= 0);
    number.map(Some).ok_or_else(|| Error::MalformedRequest("Last-Event-ID is no number of this feed".into()))
}

/// The messages of a stream, until it has lived long enough or Doorward can't tell any more: whoever follows then comes
/// again, and hears why.
fn messages(doorward: Doorward, first: revocation::Told) -> impl Stream<Item = Result<Message, Infallible>> {
    let end = tokio::time::Instant::now() + STREAM_LIFE;
    let begin = (doorward, Next::Tell(first));
    stream::unfold(begin, move |(doorward, next)| async move {
        let told = match next {
            Next::Tell(told) => told,
            Next::Ask(after) if tokio::time::Instant::now() < end => {
                revocation::follow(&doorward, Some(after), HEARTBEAT).await.ok()?
            }
            Next::Ask(_) => return None,
        };
        let sequence = told.sequence;
        let message = Message::default().id(sequence.to_string()).event("revocations");
        let message = message.json_data(Revocations::from(told)).ok()?;
        Some((Ok(message), (doorward, Next::Ask(sequence))))
    })
}

enum Next {
    Tell(revocation::Told),
    Ask(i64),
}
