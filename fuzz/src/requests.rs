//! Whole requests to the whole router: an input is a line `METHOD PATH`, header lines, an empty line, and a body.

use axum::body::Body;
use doorward_guard::{FlaskAlgorithm, sign_flask};
use doorward_http::ROUTES;
use http::{Method, Request, Response, StatusCode, Uri, header};
use serde_json::Value;

use crate::{
    door::{self, NOW, PASSWORD, SECRET},
    header_lines,
};

/// Pieces of requests.
pub const WORDS: &[&str] = &[
    "GET /",
    "POST /login",
    "POST /logout",
    "POST /token/refresh",
    "GET /me",
    "HEAD /",
    "OPTIONS /",
    "GET /docs/",
    "\ntoken: ",
    "\nauthorization: Bearer ",
    "\ncookie: doorward=",
    "\norigin: https://evil.example",
    "\nhost: ",
    "\nsec-fetch-site: cross-site",
    "\ncontent-type: application/json",
    "\naccept: application/problem+json",
    "\ncontent-encoding: gzip",
    "%00",
    "%2e%2e/",
    "//",
    "\n\n{\"username\":\"susan\",\"password\":\"",
    "\"}",
    "dwr_",
];

/// No request makes Doorward fail, and every refusal says which it is.
///
/// # Panics
/// Where one does.
pub fn run(input: &[u8]) {
    let Some(request) = request(input) else { return };
    let (method, shown) = (request.method().clone(), format!("{request:?}"));
    let response = door::send(request);
    let status = response.status();
    assert!(!status.is_server_error(), "{status} for {shown}");
    for name in [header::CACHE_CONTROL, header::X_CONTENT_TYPE_OPTIONS, header::CONTENT_SECURITY_POLICY] {
        assert!(response.headers().contains_key(&name), "no {name} for {shown}");
    }
    if status.is_client_error() {
        says_which(&method, &response, &shown);
    }
}

fn says_which(method: &Method, response: &Response<bytes::Bytes>, shown: &str) {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        assert!(response.headers().contains_key(header::ALLOW), "no Allow for {shown}");
    }
    if method == Method::HEAD {
        return;
    }
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_else(|_| panic!("no JSON for {shown}"));
    let code = if body["code"].is_null() { &body["status"] } else { &body["code"] };
    assert_eq!(*code, response.status().as_u16(), "{body} for {shown}");
    assert!(body["error"].as_str().is_some_and(|name| !name.is_empty()), "{body} for {shown}");
}

fn request(input: &[u8]) -> Option<Request<Body>> {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (line, rest) = (std::str::from_utf8(&input[..end]).ok()?, &input[end..]);
    let (method, path) = line.split_once(' ')?;
    let uri: Uri = path.parse().ok()?;
    let (lines, body) = match rest.windows(2).position(|pair| pair == b"\n\n") {
        Some(gap) => (&rest[..gap], &rest[gap + 2..]),
        None => (rest, &[][..]),
    };
    let mut request = Request::builder().method(method).uri(uri).body(Body::from(body.to_vec())).ok()?;
    *request.headers_mut() = header_lines::read(lines);
    Some(request)
}

/// Every route, and what is sent to each.
pub fn seeds() -> Vec<Vec<u8>> {
    let routes = ROUTES.iter().zip(3600..).flat_map(|(route, life)| {
        // One for each route: a logout ends the token that it came with.
        let token = sign_flask(SECRET.as_bytes(), FlaskAlgorithm::Hs512, 1, None, NOW, NOW + life);
        let line = format!("{} {}\nhost: localhost", route.method, route.path.replace("{file}", "index.html"));
        [line.clone(), format!("{line}\ntoken: {token}"), format!("{line}\nauthorization: Bearer {token}")]
    });
    let json = "host: localhost\ncontent-type: application/json";
    let more = [
        format!("POST /login\n{json}\n\n{{\"username\":\"susan\",\"password\":\"{PASSWORD}\"}}"),
        format!("POST /login\n{json}\n\n{{\"username\":\"susan@example.com\",\"password\":\"wrong\"}}"),
        format!("POST /login\n{json}\norigin: https://evil.example\n\n{{\"username\":\"a\\u0000\",\"password\":\"\"}}"),
        format!(
            "POST /token/refresh\n{json}\n\n{{\"refresh_token\":\"dwr_0123456789012345678901234567890123456789012\"}}"
        ),
        "GET /me\ncookie: doorward=0123456789012345678901234567890123456789012".to_owned(),
        "PATCH /login\naccept: application/problem+json\naccept-language: zh".to_owned(),
        "OPTIONS /me\norigin: https://app.example\naccess-control-request-method: GET".to_owned(),
        "GET /docs/..%2f..%2fetc/passwd".to_owned(),
        "GET /docs/%ff".to_owned(),
        "GET http://other.example/me?token=a".to_owned(),
    ];
    routes.chain(more).map(String::into_bytes).collect()
}
