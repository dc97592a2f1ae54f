use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
};
use doorward_core::{Error, FieldProblem};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::Value;

use super::{Fields, ReadFields, fields::told_back, strict_json};
use crate::envelope::Refusal;

/// The request's body: one JSON object, sent as `application/json` in UTF-8 (RFC 8259 §8.1).
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: ReadFields> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Error::UnsupportedMediaType.into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        Ok(Self(read_object(&bytes)?))
    }
}

/// An object of a body, or of a line of one.
pub(crate) fn read_object<T: ReadFields>(bytes: &[u8]) -> Result<T, Error> {
    match strict_json::parse(bytes) {
        Ok(Value::Object(members)) => Fields::read_all(members),
        Ok(_) => Err(Error::MalformedRequest("this is no JSON object".into())),
        Err(strict_json::NotTaken::Malformed) => Err(Error::MalformedRequest("this is no JSON".into())),
        Err(strict_json::NotTaken::Duplicate(name)) => Err(Error::field(told_back(&name), FieldProblem::Duplicate)),
    }
}

fn malformed(why: &'static str) -> Refusal {
    Error::MalformedRequest(why.into()).into()
}

fn unread(rejection: &BytesRejection) -> Refusal {
    if rejection.status() == http::StatusCode::PAYLOAD_TOO_LARGE {
        Error::TooLarge.into()
    } else {
        malformed("the body could not be read")
    }
}

/// `application/json`, in UTF-8 where it says so, and not compressed: a small body could become a
/// large one.
fn is_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let Ok(text) = line.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
        && !headers.contains_key(http::header::CONTENT_ENCODING)
}
