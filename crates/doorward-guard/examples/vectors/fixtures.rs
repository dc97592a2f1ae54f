//! The tokens that itsdangerous 1.1 made, with what it says of them.

use serde::Deserialize;

use super::form::{Expect, Vector};

#[derive(Deserialize)]
struct Row {
    secret: String,
    token: String,
    now: i64,
    alg: String,
    verdict: String,
    id: Option<i64>,
}

pub(crate) fn vectors(out: &mut Vec<Vector>) {
    for (number, line) in include_str!("../../tests/fixtures/tokens.jsonl").lines().enumerate() {
        let row: Row = serde_json::from_str(line).unwrap();
        // White space around a header's value is no part of it (RFC 9110 §5.5): such a token never arrives.
        if row.token.trim() != row.token {
            continue;
        }
        let expect = match row.verdict.as_str() {
            "valid" => Expect::flask(row.id.unwrap(), None),
            "expired" => Expect::error("token_expired"),
            "malformed" => Expect::malformed(),
            "bad_signature" | "wrong_algorithm" | "no_id" => Expect::invalid(),
            other => panic!("{other}"),
        };
        let vector = Vector::token(format!("itsdangerous-{}", number + 1), row.token, expect).at(row.now);
        out.push(vector.config(|config| {
            config.secret_keys = vec![row.secret];
            config.flask_algorithm = match row.alg.as_str() {
                "HS256" => "HS256",
                "HS384" => "HS384",
                _ => "HS512",
            };
        }));
    }
}
