//! The vectors of `conformance/guard.jsonl` over the wire: keys and revocations come from a Doorward by script.

use std::time::{Duration, SystemTime};

use doorward_guard::{FlaskAlgorithm, Format, ServiceGuard};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::server::Server;
use super::{SERVICE_KEY, snapshot};

const VECTORS: &str = include_str!("../../../../conformance/guard.jsonl");

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
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

/// A feed has its events in order, and a skew and a time of the last news that the builder can set.
fn can_be_told(vector: &Value) -> bool {
    let sequences: Vec<_> =
        vector["revocations"].as_array().unwrap().iter().map(|it| it["sequence"].as_i64()).collect();
    let now = vector["now"].as_i64().unwrap();
    sequences.is_sorted_by(|a, b| a < b)
        && vector["config"]["future_skew_seconds"] == 60
        && vector["config"]["secret_keys"].as_array().unwrap().iter().all(|secret| secret != "")
        && vector.get("fresh_at").is_none_or(|at| at.as_i64().unwrap() <= now)
}

async fn verdict(server: &mut Server, vector: &Value) -> Value {
    let config = &vector["config"];
    let now = vector["now"].as_u64().unwrap();
    let guard = ServiceGuard::builder(server.url(), SERVICE_KEY)
        .issuer(text(&config["issuer"]))
        .audience(text(&config["audience"]))
        .flask_algorithm(match text(&config["flask_algorithm"]) {
            "HS256" => FlaskAlgorithm::Hs256,
            "HS384" => FlaskAlgorithm::Hs384,
            _ => FlaskAlgorithm::Hs512,
        })
        .secret_keys(config["secret_keys"].as_array().unwrap().iter().map(text))
        .clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(now))
        .start()
        .unwrap();
    let age_ms = vector.get("fresh_at").map_or(0, |at| (now - at.as_u64().unwrap()) * 1000);
    let events = &vector["revocations"];
    let last = events.as_array().unwrap().last().map_or(0, |event| event["sequence"].as_i64().unwrap());
    let mut first = snapshot(0);
    first["age_ms"] = age_ms.into();
    server.next("/revocations").await.json(&first);
    let keys = config["ed25519"].as_array().unwrap().iter();
    let keys: Vec<_> =
        keys.map(|key| json!({"kty": "OKP", "crv": "Ed25519", "kid": key["kid"], "x": key["x"]})).collect();
    server.next("/.well-known").await.json(&json!({ "keys": keys }));
    guard.ready().await;
    let mut waiting = server.next("/revocations?after=0").await;
    if last > 0 {
        waiting.json(&json!({"sequence": last, "age_ms": age_ms, "events": events}));
        waiting = server.next(&format!("/revocations?after={last}&")).await;
    }

    let mut headers = HeaderMap::new();
    for header in vector["headers"].as_array().unwrap() {
        let name: HeaderName = text(&header[0]).parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(written(&header[1]).as_bytes()).unwrap());
    }
    let outcome = guard.verify_headers_now(&headers);
    drop(guard);
    waiting.abandoned().await;
    server.forget();
    match outcome {
        Ok(identity) => json!({
            "user_id": identity.user_id,
            "session_id": identity.session_id.map(|id| id.to_string()),
            "roles": identity.roles.iter().map(AsRef::<str>::as_ref).collect::<Vec<_>>(),
            "username": identity.username.as_deref(),
            "format": if identity.format == Some(Format::Jwt) { "jwt" } else { "flask" },
        }),
        Err(denied) => json!({ "error": denied.error_name() }),
    }
}

#[tokio::test]
async fn every_vector_that_can_be_told_over_the_wire_gets_its_verdict() {
    let mut server = Server::start().await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in VECTORS.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        if !can_be_told(&vector) {
            continue;
        }
        let found = verdict(&mut server, &vector).await;
        if found != vector["expect"] {
            wrong.push(format!("{}: {found} instead of {}", text(&vector["name"]), vector["expect"]));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 700, "{count}");
}
