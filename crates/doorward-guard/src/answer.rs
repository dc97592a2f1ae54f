//! A refusal as an answer over HTTP: the envelope that Doorward itself writes, or a problem by RFC 9457.

use http::header::{ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::Denied;

/// Why someone is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal<'a> {
    Denied(Denied),
    /// Known, and without this role.
    RoleRequired(&'a str),
}

#[derive(Serialize)]
struct Envelope<'a> {
    code: u16,
    message: &'a str,
    data: Option<()>,
    error: &'a str,
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    error: &'a str,
}

#[derive(Clone, Copy)]
enum Language {
    Flask,
    English,
    Chinese,
}

impl Refusal<'_> {
    fn code(self) -> u16 {
        match self {
            Self::Denied(denied) => denied.status(),
            Self::RoleRequired(_) => 403,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Denied(denied) => denied.error_name(),
            Self::RoleRequired(_) => "role_required",
        }
    }

    fn message(self, language: Language) -> String {
        match (self, language) {
            (Self::Denied(denied), Language::Flask) => denied.in_flask().to_owned(),
            (Self::Denied(denied), Language::English) => denied.in_english().to_owned(),
            (Self::Denied(denied), Language::Chinese) => denied.in_chinese().to_owned(),
            (Self::RoleRequired(role), Language::Chinese) => format!("需要角色 {role}"),
            (Self::RoleRequired(role), _) => format!("This needs the role {role}."),
        }
    }

    /// The answer to a request with these headers.
    pub(crate) fn answer<B: From<String>>(self, request: &HeaderMap) -> Response<B> {
        let (code, error) = (self.code(), self.name());
        let message = self.message(language(request));
        let (body, content_type) = if wants_problem(request) {
            let r#type = format!("urn:doorward:error:{error}");
            let problem = Problem { r#type, title: &message, status: code, error };
            (serde_json::to_string(&problem), "application/problem+json")
        } else {
            (serde_json::to_string(&Envelope { code, message: &message, data: None, error }), "application/json")
        };
        let mut response = Response::new(B::from(body.unwrap_or_default()));
        *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match code {
            // RFC 6750 §3.1: one code for every token that is no longer, or never was, good.
            401 => {
                let challenge = r#"Bearer realm="doorward", error="invalid_token""#;
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            503 => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn wants_problem(headers: &HeaderMap) -> bool {
    text(headers, &ACCEPT).split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().is_some_and(|range| range.eq_ignore_ascii_case("application/problem+json"))
            && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// The first of Chinese and English that is accepted. Without the header, the Flask application's words.
fn language(headers: &HeaderMap) -> Language {
    let accepted = text(headers, &ACCEPT_LANGUAGE);
    let tags = accepted.split(',').filter_map(|range| range.trim().split(['-', ';']).next());
    let chosen = tags.take(32).find_map(|tag| match tag {
        _ if tag.eq_ignore_ascii_case("zh") => Some(Language::Chinese),
        _ if tag.eq_ignore_ascii_case("en") => Some(Language::English),
        _ => None,
    });
    chosen.unwrap_or(if accepted.trim().is_empty() { Language::Flask } else { Language::English })
}
