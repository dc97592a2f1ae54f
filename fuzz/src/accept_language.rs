//! `Accept-Language` and `Accept`, through the whole router: an input is the one, a line break, and the other.

use axum::body::Body;
use http::{HeaderValue, Request, Response, header};
use serde_json::Value;

use crate::door;

/// Pieces of the headers.
pub const WORDS: &[&str] = &[
    "zh",
    "en",
    "zh-CN",
    "de",
    "*",
    ";q=",
    "0.5",
    "0.001",
    "1.000",
    "q=0",
    ", ",
    "ZH",
    "\napplication/problem+json",
    "application/json",
    "*/*",
    ";Q=1",
    "\u{e9}",
];

const ENGLISH: &str = "There is nothing at this path.";
const CHINESE: &str = "该路径不存在。";

/// An answer is in a language that was asked for, in the form that was asked for.
///
/// # Panics
/// Where it isn't.
pub fn run(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (languages, accept) = (input[..end].trim_ascii(), input.get(end + 1..).unwrap_or_default().trim_ascii());

    let Some(plain) = message(languages, accept) else { return };
    let named = |tag: &[u8]| languages.to_ascii_lowercase().windows(tag.len()).any(|part| part == tag);
    assert!(plain == ENGLISH || plain == CHINESE && named(b"zh"), "{plain} was not asked for");
    if !languages.iter().all(u8::is_ascii_graphic) {
        return;
    }
    // What is wanted whole and stands first is spoken, whatever follows.
    for (first, spoken) in [("zh-TW", CHINESE), ("en-GB;q=1", ENGLISH)] {
        let joined = [first.as_bytes(), b", ", languages].concat();
        assert_eq!(message(&joined, accept).as_deref(), Some(spoken));
    }
}

fn message(languages: &[u8], accept: &[u8]) -> Option<String> {
    let request = Request::builder()
        .uri("/nothing/here")
        .header(header::HOST, "localhost")
        .header(header::ACCEPT_LANGUAGE, HeaderValue::from_bytes(languages).ok()?)
        .header(header::ACCEPT, HeaderValue::from_bytes(accept).ok()?)
        .body(Body::empty())
        .ok()?;
    let response = door::send(request);
    assert_eq!(response.status(), 404);
    let body: Value = serde_json::from_slice(response.body()).expect("an error is told in JSON");
    let is_problem = content_type(&response) == "application/problem+json";
    let wanted = accept.to_ascii_lowercase().windows(24).any(|part| part == b"application/problem+json");
    assert!(!is_problem || wanted, "nobody asked for RFC 9457's form");
    assert_eq!(body["error"], "not_found");
    let said = &body[if is_problem { "title" } else { "message" }];
    Some(said.as_str().expect("every error has words").to_owned())
}

fn content_type<B>(response: &Response<B>) -> &str {
    response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Headers of browsers, and of others.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "",
        "en\napplication/json",
        "zh-CN,zh;q=0.9,en;q=0.8\ntext/html,application/xhtml+xml,*/*;q=0.8",
        "en;q=0.5, zh;q=0.7\napplication/problem+json",
        "de\napplication/problem+json;q=0, application/json",
        "*\n*/*",
        "zh;q=0",
        "zh;q=banana",
        ";;;,,,q=1",
        "zh;q=1.001, en;q=0.0001",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
