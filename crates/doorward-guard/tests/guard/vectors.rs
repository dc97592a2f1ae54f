//! Every vector of `conformance/guard.jsonl`, through the headers of a request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_guard::{FlaskAlgorithm, Format, Guard, GuardConfig, KeySet, Revocation, VerifyingKey};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../../../conformance/guard.jsonl");

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

fn guard(vector: &Value) -> Guard {
    let config = &vector["config"];
    let guard = Guard::new(GuardConfig {
        flask_algorithm: match text(&config["flask_algorithm"]) {
            "HS256" => FlaskAlgorithm::Hs256,
            "HS384" => FlaskAlgorithm::Hs384,
            _ => FlaskAlgorithm::Hs512,
        },
        max_staleness: config.get("max_staleness").map(|limit| limit.as_u64().unwrap()),
        future_skew_seconds: number(&config["future_skew_seconds"]),
        ..GuardConfig::new(text(&config["issuer"]), text(&config["audience"]))
    });
    let key = |key: &Value| VerifyingKey {
        kid: text(&key["kid"]).to_owned(),
        public: URL_SAFE_NO_PAD.decode(text(&key["x"])).unwrap().try_into().unwrap(),
    };
    guard.replace_keys(KeySet {
        ed25519: config["ed25519"].as_array().unwrap().iter().map(key).collect(),
        flask_secrets: config["secret_keys"].as_array().unwrap().iter().map(|it| text(it).into()).collect(),
    });
    let now = number(&vector["now"]);
    guard.revocations().confirm_fresh(vector.get("fresh_at").map_or(now, number));
    guard
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(written).collect(),
        repeated => {
            text(&repeated["repeat"][0]).repeat(usize::try_from(repeated["repeat"][1].as_u64().unwrap()).unwrap())
        }
    }
}

fn headers(vector: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for header in vector["headers"].as_array().unwrap() {
        let name: HeaderName = text(&header[0]).parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(written(&header[1]).as_bytes()).unwrap());
    }
    headers
}

fn revoke(guard: &Guard, vector: &Value) {
    for event in vector["revocations"].as_array().unwrap() {
        let until = || number(&event["until"]);
        let revocation = match text(&event["kind"]) {
            "session" => Revocation::Session { id: text(&event["session_id"]).parse().unwrap(), until: until() },
            "token" => {
                let mut sha256 = [0; 32];
                for (place, byte) in sha256.iter_mut().enumerate() {
                    let hex = &text(&event["sha256"])[2 * place..2 * place + 2];
                    *byte = u8::from_str_radix(hex, 16).unwrap();
                }
                Revocation::Token { sha256, until: until() }
            }
            "user" => Revocation::User {
                id: number(&event["user_id"]),
                valid_after_ms: number(&event["valid_after_ms"]),
                until: until(),
            },
            "roles" => Revocation::Roles {
                user_id: number(&event["user_id"]),
                roles: event["roles"].as_array().unwrap().iter().map(|role| text(role).to_owned()).collect(),
                at_ms: number(&event["at_ms"]),
                until: until(),
            },
            _ => continue,
        };
        guard.revocations().apply(number(&event["sequence"]), &[revocation]);
    }
}

fn verdict(guard: &Guard, vector: &Value) -> Value {
    match guard.verify_headers(&headers(vector), number(&vector["now"])) {
        Ok(identity) => json!({
            "user_id": identity.user_id,
            "session_id": identity.session_id.map(|id| id.to_string()),
            "roles": identity.roles.iter().map(AsRef::<str>::as_ref).collect::<Vec<_>>(),
            "username": identity.username.as_deref(),
            "format": match identity.format {
                Some(Format::Jwt) => "jwt",
                Some(Format::Flask) => "flask",
                None => "none",
            },
        }),
        Err(denied) => json!({ "error": denied.error_name() }),
    }
}

#[test]
fn every_vector_gets_its_verdict() {
    let mut errors = std::collections::BTreeSet::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in VECTORS.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let cold = guard(&vector);
        revoke(&cold, &vector);
        // Seen before anything was revoked, and remembered.
        let warm = guard(&vector);
        verdict(&warm, &vector);
        revoke(&warm, &vector);
        for (how, guard) in [("cold", &cold), ("again", &cold), ("warm", &warm)] {
            let found = verdict(guard, &vector);
            if found != vector["expect"] {
                wrong.push(format!("{} ({how}): {found} instead of {}", text(&vector["name"]), vector["expect"]));
            }
        }
        if let Some(error) = vector["expect"].get("error") {
            errors.insert(text(error).to_owned());
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 600, "{count}");
    let all = ["guard_stale", "token_ambiguous", "token_expired", "token_invalid", "token_malformed", "token_missing"];
    let all = all.into_iter().chain(["token_not_yet_valid", "token_revoked"]);
    assert!(
        errors.iter().map(String::as_str).eq(all),
        "every refusal has a vector, and no other name stands there: {errors:?}"
    );
}
