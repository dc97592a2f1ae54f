//! Bodies of requests, through [`JsonBody`]: an input is a `Content-Type`, a line break, and the body.

use axum::extract::FromRequest as _;
use axum::{body::Body, http::Request};
use doorward_core::{Error, FieldProblem};
use doorward_http::{Fields, JsonBody, ReadFields, Refusal};
use serde_json::Value;

use crate::{door, json_members::Members};

/// Pieces of a body.
pub const WORDS: &[&str] = &[
    "application/json\n",
    "application/json; charset=utf-8\n",
    "{",
    "}",
    "[",
    "]",
    "\"username\":",
    "\"password\":",
    "\"role\":\"admin\"",
    "null",
    "true",
    "1e400",
    "-0",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "\u{feff}",
];

/// As the login's.
#[derive(Debug)]
struct LogIn {
    username: String,
    password: String,
}

impl ReadFields for LogIn {
    fn read(fields: &mut Fields) -> Self {
        Self { username: fields.filled_text("username"), password: fields.text("password") }
    }
}

/// Exactly the bodies are taken that a second reader takes, with the same meaning; all others are told why.
///
/// # Panics
/// Where that doesn't hold.
pub fn run(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (content_type, body) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let request = Request::builder().header("content-type", content_type.trim_ascii()).body(Body::from(body.to_vec()));
    let Ok(request) = request else { return };
    let read = door::runtime().block_on(JsonBody::<LogIn>::from_request(request, &()));

    let members = Members::of(body).filter(Members::are_distinct);
    let expected = members.as_ref().and_then(|members| {
        let text = |name| members.get(name).as_str().map(str::to_owned);
        let (username, password) = (text("username")?, text("password")?);
        (members.0.len() == 2 && !username.is_empty()).then_some((username, password))
    });
    match (read, expected) {
        (Ok(JsonBody(read)), expected) => {
            assert!(content_type.to_ascii_lowercase().trim_ascii().starts_with(b"application/json"));
            assert_eq!(Some((read.username, read.password)), expected, "read otherwise than it is written");
        }
        (Err(Refusal(Error::UnsupportedMediaType)), _) => {
            assert!(!matches!(content_type, b"application/json" | b"application/json; charset=utf-8"));
        }
        (Err(Refusal(error)), expected) => {
            assert!(expected.is_none(), "refused though it is well-formed: {error}");
            told_why(&error, members.as_ref(), body);
        }
    }
}

fn told_why(error: &Error, members: Option<&Members>, body: &[u8]) {
    assert_eq!(error.code(), 400, "{error}");
    match error {
        Error::MalformedRequest(_) => {
            assert!(Members::of(body).is_none(), "a JSON object was called malformed");
        }
        Error::Invalid(fields) => {
            assert!(!fields.is_empty(), "refused without a reason");
            for field in fields {
                let name = &field.field;
                assert!(name.chars().count() <= 64 && !name.contains(char::is_control), "{name:?} is told back");
                if field.problem != FieldProblem::Duplicate {
                    let members = members.expect("only a body with distinct members is read");
                    let is_there = members.0.iter().any(|(member, _)| member.as_str() == name.as_ref());
                    let is_required = field.problem == FieldProblem::Required;
                    let is_ours = matches!(name.as_ref(), "username" | "password");
                    assert!(!is_ours || is_required != is_there, "{field:?}");
                }
            }
        }
        other => panic!("{other}"),
    }
}

/// Bodies as clients send them, and as they don't.
pub fn seeds() -> Vec<Vec<u8>> {
    let member = Value::from("x".repeat(100));
    [
        r#"{"username":"susan","password":"correct horse"}"#,
        r#" { "password" : "\u5bc6\ud83d\ude00" , "username" : "s" } "#,
        r#"{"username":"susan","password":""}"#,
        r#"{"username":"","password":null,"role":"admin"}"#,
        r#"{"username":"susan","password":"a","password":"b"}"#,
        r#"{"username":"susan","p\u0061ssword":"a","password":"b"}"#,
        r#"{"username":{"$ne":1},"password":["a"]}"#,
        r#"{"a":{"b":[1,-0,1.5e300,true,null]},"username":1}"#,
        r#"["susan","a"]"#,
        "\"susan\"",
        "{}",
        "",
        "username=susan&password=a",
        "{\"username\":\"a\u{0}\",\"password\":\"\\u0000\"}",
        &format!("{{{member}:{member}}}"),
        &"[".repeat(200),
    ]
    .map(|body| format!("application/json\n{body}").into_bytes())
    .into_iter()
    .chain(
        ["text/plain\n{}", "application/json; charset=latin1\n{}", "Application/JSON;charset=\"UTF-8\"\n{}"]
            .map(|text| text.as_bytes().to_vec()),
    )
    .collect()
}
