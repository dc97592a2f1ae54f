//! The credential in a request's headers, through [`Credentials::from_headers`].
//!
//! An input is header lines.

use doorward_guard::{API_KEY_PREFIX, CredentialKind, CredentialSource, Credentials, Denied};
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, COOKIE},
};

use crate::header_lines;

const COOKIES: [&str; 2] = ["__Host-doorward", "doorward"];

/// Pieces of header lines.
pub const WORDS: &[&str] = &[
    "\ntoken: ",
    "\nauthorization: Bearer ",
    "\nauthorization: Basic ",
    "\ncookie: ",
    "doorward=",
    "__Host-doorward=",
    "; ",
    "dw_",
    "bearer",
    "\"",
    "\t",
    "\u{e9}",
];

/// One credential is found or none, whatever the lines' order and whatever else stands in the request.
///
/// # Panics
/// Where that doesn't hold.
pub fn run(input: &[u8]) {
    let headers = header_lines::read(input);
    let found = Credentials::from_headers(&headers, &COOKIES);
    match &found {
        Ok(credential) => {
            let value = credential.value;
            assert!(!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()), "{value:?}");
            assert!(!value.contains(['"', ',', ';', '\\']), "{value:?}");
            let lines_of = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<&[u8]>>();
            let (tokens, bearers) = (lines_of("token"), lines_of(AUTHORIZATION.as_str()));
            match credential.source {
                CredentialSource::TokenHeader => {
                    assert!(!tokens.is_empty() && tokens.iter().all(|line| *line == value.as_bytes()), "{value:?}");
                }
                CredentialSource::Authorization => {
                    assert!(tokens.is_empty(), "the header `token` wins");
                    assert!(!bearers.is_empty() && bearers.iter().all(|line| is_bearer(line, value)), "{value:?}");
                }
                CredentialSource::Cookie => {
                    assert!(tokens.is_empty(), "a header wins over a cookie");
                    let pairs = COOKIES.map(|name| format!("{name}={value}"));
                    let mut sent =
                        lines_of(COOKIE.as_str()).into_iter().flat_map(|line| line.split(|byte| *byte == b';'));
                    assert!(sent.any(|pair| pairs.iter().any(|ours| pair.trim_ascii_start() == ours.as_bytes())));
                }
            }
            let kind = match credential.source {
                CredentialSource::Cookie => CredentialKind::SessionCookie,
                _ if value.starts_with(API_KEY_PREFIX) => CredentialKind::ApiKey,
                _ => CredentialKind::AccessToken,
            };
            assert_eq!(credential.kind, kind);
            assert!(value.len() < 12 || !format!("{credential:?}").contains(value), "shown by Debug");
        }
        Err(denied) => {
            assert!(matches!(denied, Denied::Missing | Denied::Ambiguous | Denied::Malformed(_)), "{denied:?}");
        }
    }

    let mut turned = HeaderMap::new();
    let lines: Vec<_> = headers.iter().collect();
    for (name, value) in lines.into_iter().rev() {
        turned.append(name, value.clone());
    }
    assert_eq!(Credentials::from_headers(&turned, &COOKIES), found, "the lines' order matters");

    let mut more = headers.clone();
    more.append(COOKIE, HeaderValue::from_static("theme=dark; doorwardx=1; xdoorward=2"));
    more.append("x-token", HeaderValue::from_static("a.b.c"));
    assert_eq!(Credentials::from_headers(&more, &COOKIES), found, "somebody else's header or cookie matters");

    let without_cookies = Credentials::from_headers(&headers, &[]);
    assert!(!matches!(without_cookies, Ok(credential) if credential.source == CredentialSource::Cookie));
}

fn is_bearer(line: &[u8], value: &str) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| {
        line.split_once(' ')
            .is_some_and(|(scheme, rest)| scheme.eq_ignore_ascii_case("bearer") && rest.trim_ascii_start() == value)
    })
}

/// Every place, alone and against another.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "token: a.b.c",
        "token: dw_0123456789",
        "token:",
        "authorization: Bearer a.b.c",
        "authorization: bearer   a.b.c",
        "authorization: Basic dXNlcjpwYXNz",
        "authorization: Bearer",
        "cookie: x=1; doorward=abc; y=2",
        "cookie: doorward=a; doorward=b",
        "cookie: doorward=plain; __Host-doorward=host",
        "cookie: __Host-doorward=; doorward=plain",
        "cookie: doorward=\"a\"",
        "cookie: a=b\ncookie: doorward=c",
        "token: a\nauthorization: Bearer a\ncookie: doorward=c",
        "token: a\ntoken: b",
        "authorization: Bearer a\nauthorization: Basic b",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
