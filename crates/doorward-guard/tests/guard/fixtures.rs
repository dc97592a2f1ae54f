//! Tokens that itsdangerous 1.1 made, and what it says of them.

use doorward_guard::{CredentialKind, Denied, FlaskAlgorithm, Format, Guard, GuardConfig, KeySet, sign_flask};
use serde_json::Value;

const TOKENS: &str = include_str!("../fixtures/tokens.jsonl");

fn rows() -> impl Iterator<Item = Value> {
    TOKENS.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn algorithm(row: &Value) -> FlaskAlgorithm {
    match row["alg"].as_str().unwrap() {
        "HS256" => FlaskAlgorithm::Hs256,
        "HS384" => FlaskAlgorithm::Hs384,
        "HS512" => FlaskAlgorithm::Hs512,
        other => panic!("{other}"),
    }
}

fn guard_for(row: &Value) -> Guard {
    let guard = Guard::new(GuardConfig {
        flask_algorithm: algorithm(row),
        max_staleness: None,
        ..GuardConfig::new("issuer", "audience")
    });
    let secret = row["secret"].as_str().unwrap();
    guard.replace_keys(KeySet { flask_secrets: vec![secret.into()], ..KeySet::default() });
    guard
}

fn verdict(denied: Denied) -> &'static str {
    match denied {
        Denied::Expired => "expired",
        Denied::BadSignature => "bad_signature",
        Denied::WrongAlgorithm => "wrong_algorithm",
        Denied::Malformed(_) => "malformed",
        Denied::NoSubject => "no_id",
        other => panic!("{other:?} is no verdict on a Flask token"),
    }
}

#[test]
fn every_flask_token_gets_its_verdict() {
    let mut rows_seen = 0;
    for row in rows() {
        let token = row["token"].as_str().unwrap();
        let now = row["now"].as_i64().unwrap();
        match guard_for(&row).verify_token(token, now) {
            Ok(identity) => {
                assert_eq!(row["verdict"], "valid", "{row}");
                assert_eq!(Some(identity.user_id), row["id"].as_i64(), "{row}");
                assert_eq!(identity.format, Some(Format::Flask), "{row}");
                assert_eq!(identity.kind, CredentialKind::AccessToken, "{row}");
                assert_eq!(identity.session_id, None, "{row}");
            }
            Err(denied) => assert_eq!(row["verdict"], verdict(denied), "{row}"),
        }
        rows_seen += 1;
    }
    assert_eq!(rows_seen, 200);
}

#[test]
fn a_token_signed_here_is_the_applications_byte_for_byte() {
    let mut same = 0;
    for row in rows().filter(|row| row["why"] == "fresh") {
        let token = row["token"].as_str().unwrap();
        let now = row["now"].as_i64().unwrap();
        let secret = row["secret"].as_str().unwrap().as_bytes();
        let id = row["id"].as_i64().unwrap();
        let expires_at = guard_for(&row).verify_token(token, now).unwrap().expires_at;
        assert_eq!(sign_flask(secret, algorithm(&row), id, None, now, expires_at), token, "{row}");
        same += 1;
    }
    assert!(same >= 12, "{same}");
}

#[test]
fn a_flask_token_is_good_in_the_second_of_its_exp_also_when_remembered() {
    for row in rows().filter(|row| row["why"] == "fresh") {
        let guard = guard_for(&row);
        let token = row["token"].as_str().unwrap();
        let now = row["now"].as_i64().unwrap();
        let end = guard.verify(token, now).unwrap().expires_at;
        assert!(guard.verify(token, end).is_ok());
        assert_eq!(guard.verify(token, end + 1), Err(Denied::Expired));
        assert_eq!(guard.stats().entries, 0);
    }
}
