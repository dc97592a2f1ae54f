use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use doorward_core::{Error, FieldError, Language, Words};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use serde_json::json;

use super::Preferences;

/// An error on its way out. A layer around every door gives it the form that the client wants.
#[derive(Debug)]
pub struct Refusal(pub Error);

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The error that an answer tells of, for the layer that renders it and for the log.
#[derive(Clone)]
pub(crate) struct Refused(pub(crate) Arc<Error>);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let plain = Preferences { language: Language::Flask, problem_json: false, always_200: false };
        let error = Arc::new(self.0);
        let mut response = render(&error, plain);
        response.extensions_mut().insert(Refused(error));
        response
    }
}

#[derive(Serialize)]
struct ErrorEnvelope<'a> {
    code: u16,
    message: &'a str,
    data: Option<()>,
    error: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<serde_json::Value>,
}

/// The answer that tells of `error` as the client prefers.
pub(crate) fn render(error: &Error, preferences: Preferences) -> Response {
    let message = error.in_words(preferences.language);
    let errors = match error {
        Error::Invalid(fields) => fields.iter().map(|field| field_json(field, preferences.language)).collect(),
        _ => Vec::new(),
    };
    let (code, name) = (error.code(), error.name());
    let (body, content_type) = if preferences.problem_json {
        (problem(code, name, &message, &errors), "application/problem+json")
    } else {
        let envelope = ErrorEnvelope { code, message: &message, data: None, error: name, errors };
        (serde_json::to_vec(&envelope), "application/json")
    };
    let honest = !preferences.always_200 || keeps_its_status(error);
    let status = if honest { StatusCode::from_u16(code).unwrap_or_default() } else { StatusCode::OK };
    let body = body.unwrap_or_default();
    let mut response = (status, [(CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response();
    let headers = response.headers_mut();
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Error::ScopeRequired { scope } = error
        && let Ok(challenge) =
            HeaderValue::from_str(&format!(r#"Bearer realm="doorward", error="insufficient_scope", scope="{scope}""#))
    {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    if let Error::ServiceRequired = error {
        // RFC 9110 §11.6.1: both ways in which a service may come.
        headers
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="doorward", Basic realm="doorward""#));
    }
    if let Error::Denied(_) = error
        && code == 401
    {
        // RFC 6750 §3.1: one code for every token that is no longer, or never was, good.
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="doorward", error="invalid_token""#));
    }
    response
}

/// RFC 9457, with the stable name as the last part of `type`.
fn problem(code: u16, name: &str, message: &str, errors: &[serde_json::Value]) -> Result<Vec<u8>, serde_json::Error> {
    let mut problem = json!({
        "type": format!("urn:doorward:error:{name}"),
        "title": message,
        "status": code,
        "error": name,
    });
    if !errors.is_empty() {
        problem["errors"] = json!(errors);
    }
    serde_json::to_vec(&problem)
}

pub(crate) fn field_json(field: &FieldError, language: Language) -> serde_json::Value {
    json!({
        "field": field.field,
        "error": field.problem.name(),
        "message": field.problem.in_words(language),
    })
}

/// Where the Flask system itself answered with an honest status: no such path, no such method, and
/// its own crashes. A request for another host is a proxy's to hear of.
fn keeps_its_status(error: &Error) -> bool {
    matches!(
        error,
        Error::PathNotFound
            | Error::ServiceRequired
            | Error::Misdirected
            | Error::MethodNotAllowed
            | Error::Internal(_)
            | Error::Startup { .. }
    )
}
