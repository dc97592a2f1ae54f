//! `POST /users/bulk`

use axum::{
    Extension,
    body::{self, Bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use doorward_core::{
    Doorward, Error, FieldProblem, Language, Words,
    database::UserId,
    password,
    session::{self, EndReason},
    user::{self, Disabling},
};
use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::{Value, json};

use super::NewUserRequest;
use crate::{
    App,
    envelope::{Preferences, Refusal},
    extract::{Acting, Administrator, Fields, ReadFields, read_line},
    streamed::streamed,
};

/// The most bytes of one request.
const MOST_BYTES: usize = 1_048_576;

/// The most lines of one request.
const MOST_LINES: usize = 1_000;

/// One line: an operation on one user.
enum Line {
    Create(NewUserRequest),
    Disable(UserId, Disabling),
    Enable(UserId),
    Logout(UserId),
    ResetPassword(UserId),
    Delete(UserId),
    Unknown,
}

impl ReadFields for Line {
    fn read(fields: &mut Fields) -> Self {
        let operation = fields.filled_text("do");
        match operation.as_str() {
            "create" => Self::Create(NewUserRequest::read(fields)),
            "disable" => {
                let how = Disabling { reason: fields.optional_text("reason"), until: fields.optional_time("until") };
                Self::Disable(UserId(fields.id("id")), how)
            }
            "enable" => Self::Enable(UserId(fields.id("id"))),
            "logout" => Self::Logout(UserId(fields.id("id"))),
            "reset_password" => Self::ResetPassword(UserId(fields.id("id"))),
            "delete" => Self::Delete(UserId(fields.id("id"))),
            "" => Self::Unknown,
            _ => {
                fields.refuse_value("do", FieldProblem::NotAllowed);
                Self::Unknown
            }
        }
    }
}

/// Lines of JSON: as a file, for a client that is generated.
#[derive(utoipa::ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it only describes a body")]
pub(crate) struct Lines(String);

/// Does up to 1,000 operations, one a line. Each line is done or not by itself; for each comes a line that says so.
#[utoipa::path(
    post,
    path = "/users/bulk",
    tag = "Users",
    request_body(content = Lines, content_type = "application/x-ndjson", description = "Objects whose `do` is `create` (with `username`, `email`, `roles`), or with an `id`: `disable` (with `reason`, `until`), `enable`, `logout`, `reset_password`, `delete`. At most 1 MiB.", example = "{\"do\":\"disable\",\"id\":7,\"reason\":\"left\"}"),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "One result for each line, in order: `line`, `code`, and `id`, or `error`, `message` and `errors` as in any refusal.", content_type = "application/x-ndjson", body = String),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn run(
    Extension(app): Extension<App>,
    _: Administrator,
    Acting(doorward): Acting,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, content) = request.into_parts();
    if !is_ndjson(&parts.headers) {
        return Err(Error::UnsupportedMediaType.into());
    }
    let bytes = body::to_bytes(content, MOST_BYTES).await.map_err(|_| Error::TooLarge)?;
    if lines_of(&bytes).count() > MOST_LINES {
        return Err(Error::TooLarge.into());
    }
    let language = Preferences::of(&parts.headers, app.settings()).language;
    let results = streamed(async move |out| {
        for (number, line) in lines_of(&bytes) {
            let mut result = match act(&doorward, line).await {
                Ok(id) => json!({"line": number, "code": 200, "id": id}),
                Err(error) => told(number, &error, language),
            }
            .to_string();
            result.push('\n');
            // Whoever went away does not learn what was done: so no more is.
            if !out.send(Bytes::from(result)).await {
                break;
            }
        }
        Ok(())
    });
    let content_type = HeaderValue::from_static("application/x-ndjson");
    Ok(([(CONTENT_TYPE, content_type)], results).into_response())
}

/// The lines that hold something, by their numbers from 1.
fn lines_of(bytes: &Bytes) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(bytes.split(|byte| *byte == b'\n')).filter(|(_, line)| !line.trim_ascii().is_empty())
}

fn is_ndjson(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let essence = line.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-ndjson") && !headers.contains_key(CONTENT_ENCODING)
}

async fn act(doorward: &Doorward, line: &[u8]) -> Result<UserId, Error> {
    match read_line::<Line>(line)? {
        Line::Create(new) => Ok(user::create_and_mail(doorward, new.as_new()).await?.id),
        Line::Disable(id, how) => user::disable_with(doorward, id, how).await.map(|()| id),
        Line::Enable(id) => user::enable(doorward, id).await.map(|()| id),
        Line::Logout(id) => {
            user::find_by_id(doorward.database().reads(), id).await?.ok_or(Error::UserNotFound)?;
            session::end_all(doorward, id, EndReason::Administrator).await.map(|_| id)
        }
        Line::ResetPassword(id) => password::start_reset(doorward, id).await.map(|()| id),
        Line::Delete(id) => user::delete(doorward, id).await.map(|()| id),
        Line::Unknown => Err(Error::field("do", FieldProblem::NotAllowed)),
    }
}

fn told(number: usize, error: &Error, language: Language) -> Value {
    let mut told = json!({
        "line": number,
        "code": error.code(),
        "error": error.name(),
        "message": error.in_words(language),
    });
    if let Error::Invalid(fields) = error {
        told["errors"] = fields.iter().map(|field| crate::envelope::field_json(field, language)).collect();
    }
    told
}
