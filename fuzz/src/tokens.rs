//! Tokens of both formats, through [`Guard::verify_token`].
//!
//! An input is a token as it came; or, to get behind the signature, `jwt` or `flask` on a line of its own, then a line that
//! becomes the header and the rest that becomes the payload of a token signed with the guard's own key.

use std::{collections::HashSet, sync::LazyLock};

use aws_lc_rs::{digest, hmac, signature::Ed25519KeyPair};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward_guard::{
    Claims, CredentialKind, FlaskAlgorithm, Format, Guard, GuardConfig, Identity, KeySet, MAX_TOKEN_BYTES, SessionId,
    SigningKey, sign_flask, sign_jwt,
};
use serde_json::Value;

use crate::json_members::Members;

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "doorward";
const SECRET: &str = "rig-secret-key-2020";
const SEED: [u8; 32] = [7; 32];
/// 2020-03-18 12:04:24 UTC, when the fixtures' fresh tokens were made.
const NOW: i64 = 1_584_533_064;
const FIXTURES: &str = include_str!("../../crates/doorward-guard/tests/fixtures/tokens.jsonl");

/// Pieces of tokens.
pub const WORDS: &[&str] = &[
    "jwt\n",
    "flask\n",
    r#""alg":"EdDSA""#,
    r#""alg":"HS512""#,
    r#""alg":"none""#,
    r#""typ":"at+jwt""#,
    r#""iss":"https://id.example""#,
    r#""aud":["doorward"]"#,
    r#""sub":"1""#,
    r#""id":1"#,
    r#""iat":1584533064"#,
    r#""exp":1584536664"#,
    r#""nbf":"#,
    r#""jti":"a""#,
    r#""roles":["admin"]"#,
    r#""crit":["#,
    "9223372036854775807",
    "1e9",
    "\\u0061",
];

struct Keys {
    guard: Guard,
    signing: SigningKey,
    ed25519: Ed25519KeyPair,
    secret: hmac::Key,
    /// Every token that was ever signed with these keys, as far as anyone outside knows.
    issued: HashSet<String>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let signing = SigningKey::from_seed(&SEED).expect("any 32 bytes are a seed");
    let guard = Guard::new(GuardConfig { max_staleness: None, ..GuardConfig::new(ISSUER, AUDIENCE) });
    guard.replace_keys(KeySet {
        ed25519: vec![signing.public().clone()],
        flask_secrets: vec![b"the next secret".to_vec(), SECRET.into()],
    });
    Keys {
        guard,
        issued: issued(&signing).into_iter().collect(),
        signing,
        ed25519: Ed25519KeyPair::from_seed_unchecked(&SEED).expect("any 32 bytes are a seed"),
        secret: hmac::Key::new(hmac::HMAC_SHA512, SECRET.as_bytes()),
    }
});

/// Whatever is let in was signed by a key's holder, and means the same to a second reader.
///
/// # Panics
/// Where it doesn't.
pub fn run(input: &[u8]) {
    let keys = &*KEYS;
    if let Some(parts) = input.strip_prefix(b"jwt\n") {
        signed(parts, Format::Jwt, |text| keys.ed25519.sign(text.as_bytes()).as_ref().to_vec());
    } else if let Some(parts) = input.strip_prefix(b"flask\n") {
        signed(parts, Format::Flask, |text| hmac::sign(&keys.secret, text.as_bytes()).as_ref().to_vec());
    } else if let Ok(token) = std::str::from_utf8(input) {
        let is_let_in = times().any(|now| keys.guard.verify_token(token, now).is_ok());
        assert!(!is_let_in || keys.issued.contains(token), "nobody signed this: {token}");
    }
}

/// Moments at which a token is looked at: the edges of time, and those of the fixtures' tokens.
fn times() -> impl Iterator<Item = i64> {
    [NOW, NOW + 3600, NOW + 3601, 0, -1, i64::MIN, i64::MAX].into_iter()
}

fn signed(parts: &[u8], format: Format, sign: impl Fn(&str) -> Vec<u8>) {
    let end = parts.iter().position(|byte| *byte == b'\n').unwrap_or(parts.len());
    let (header, payload) = (&parts[..end], parts.get(end + 1..).unwrap_or_default());
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(sign(&text)));
    for now in times() {
        match KEYS.guard.verify_token(&token, now) {
            Ok(identity) => {
                assert!(token.len() <= MAX_TOKEN_BYTES);
                assert_eq!(identity.format, Some(format), "signed as the other format");
                says(&identity, &token, header, payload, now);
                is_the_same_signed_again(&identity, now);
                without_its_signature_it_is_refused(&token, &text, now);
            }
            Err(denied) => {
                assert!(!denied.error_name().is_empty() && !denied.reason().is_empty(), "{denied:?}");
            }
        }
    }
}

/// What the identity holds stands in the token, once, and the token's time is now.
fn says(identity: &Identity, token: &str, header: &[u8], payload: &[u8], now: i64) {
    let header = Members::of(header).expect("the header is a JSON object");
    let payload = Members::of(payload).expect("the payload is a JSON object");
    assert!(header.are_distinct() && payload.are_distinct(), "a member stands twice");
    assert!(header.get("crit").is_null(), "nothing that is critical is understood");
    assert_eq!(identity.kind, CredentialKind::AccessToken);
    assert_eq!(identity.token_id, digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    assert!(identity.user_id >= 1, "nobody's id: {}", identity.user_id);
    assert!(identity.issued_at >= 0 && identity.issued_at <= now.saturating_add(60));

    let (times, user, leeway) = if identity.format == Some(Format::Jwt) {
        assert_eq!(header.get("alg"), "EdDSA");
        assert!(matches!(header.get("typ").as_str(), Some("at+jwt" | "application/at+jwt")));
        assert_eq!(header.get("kid"), KEYS.signing.kid());
        assert_eq!(payload.get("iss"), ISSUER);
        let aud = payload.get("aud");
        assert!(aud == AUDIENCE || aud.as_array().is_some_and(|names| names.iter().any(|name| name == AUDIENCE)));
        assert!(payload.get("jti").as_str().is_some_and(|jti| !jti.is_empty()));
        assert!(payload.get("nbf").as_i64().is_none_or(|nbf| nbf <= now.saturating_add(60)));
        assert!(identity.session_id.is_some(), "a JWT belongs to a session");
        assert_eq!(identity.username.as_deref(), payload.get("preferred_username").as_str());
        let roles = payload.get("roles").as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(identity.roles.iter().map(|role| &**role).eq(roles.iter().filter_map(Value::as_str)));
        (&payload, payload.get("sub"), 0)
    } else {
        assert_eq!(header.get("alg"), "HS512");
        assert!(identity.roles.is_empty() && identity.username.is_none());
        (&header, payload.get("id"), 1)
    };
    assert_eq!(times.get("iat"), &Value::from(identity.issued_at));
    assert_eq!(times.get("exp"), &Value::from(identity.expires_at));
    assert!(now < identity.expires_at.saturating_add(leeway), "over since {}", identity.expires_at);
    assert!(*user == identity.user_id || *user == identity.user_id.to_string().as_str());
    let session = identity.session_id.map(|id| id.to_string());
    assert_eq!(payload.get("sid").as_str(), session.as_deref());
}

/// Doorward's own writer, told what the reader read, writes a token that says the same.
fn is_the_same_signed_again(identity: &Identity, now: i64) {
    let Identity { user_id, session_id, issued_at, expires_at, .. } = *identity;
    let token = if let (Some(Format::Jwt), Some(session_id)) = (identity.format, session_id) {
        let roles: Vec<String> = identity.roles.iter().map(ToString::to_string).collect();
        let username = identity.username.as_deref();
        let (issuer, audience, token_id, roles) = (ISSUER, AUDIENCE, "again", &roles[..]);
        sign_jwt(
            &KEYS.signing,
            &Claims { issuer, audience, user_id, session_id, token_id, issued_at, expires_at, roles, username },
        )
    } else {
        sign_flask(SECRET.as_bytes(), FlaskAlgorithm::Hs512, user_id, session_id, issued_at, expires_at)
    };
    // What was near the limit may be over it in another spelling.
    if token.len() <= MAX_TOKEN_BYTES {
        let mut again = KEYS.guard.verify_token(&token, now).expect("a token of Doorward's own is good");
        again.token_id = identity.token_id;
        assert_eq!(again, *identity);
    }
}

fn without_its_signature_it_is_refused(token: &str, text: &str, now: i64) {
    let last = token.len() - 1;
    let changed_end = if token.ends_with('A') { "B" } else { "A" };
    let longer = format!("{token}A");
    for changed in [text, &format!("{text}."), &token[..last], &format!("{}{changed_end}", &token[..last]), &longer] {
        assert!(KEYS.guard.verify_token(changed, now).is_err(), "{changed}");
    }
}

fn issued(signing: &SigningKey) -> Vec<String> {
    let rows = FIXTURES.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    let of_the_secret = rows.filter(|row| row["secret"] == SECRET && row["verdict"] != "bad_signature");
    let mut tokens: Vec<_> = of_the_secret.filter_map(|row| Some(row["token"].as_str()?.to_owned())).collect();
    tokens.push(sign_jwt(
        signing,
        &Claims {
            issuer: ISSUER,
            audience: AUDIENCE,
            user_id: 42,
            session_id: session(),
            token_id: "0170dc25",
            issued_at: NOW,
            expires_at: NOW + 3600,
            roles: &["admin".to_owned()],
            username: Some("susan"),
        },
    ));
    tokens.push(sign_flask(SECRET.as_bytes(), FlaskAlgorithm::Hs512, 42, Some(session()), NOW, NOW + 3600));
    tokens
}

/// The same in other spellings that are taken, and in some that aren't.
fn said_otherwise(said: &str) -> impl Iterator<Item = String> {
    let other_spellings = [
        (r#""aud":"doorward""#, r#""aud":["shop","doorward"]"#),
        (r#""typ":"at+jwt""#, r#""typ":"application/at+jwt""#),
        (r#""jti":"#, r#""nbf":1584533064,"jti":"#),
        (r#""jti":"#, r#""scope":{"a":["b",null,1.5]},"jti":"#),
        (r#""roles":["admin"],"#, ""),
        (r#""preferred_username":"susan""#, r#""preferred_username":"\u5bc6\ud83d\ude00""#),
        (r#""sub":"42""#, r#" "\u0073ub" : "42" "#),
        (r#""id":42"#, r#""id":"42""#),
        (r#""id":1"#, r#""id":9223372036854775807,"name":"susan""#),
        (r#""id":1"#, r#""id":1,"id":2"#),
        (r#""exp":"#, r#""exp":9223372036854775807,"was":"#),
        (r#""alg":"#, r#""crit":["exp"],"alg":"#),
    ];
    let replaced = other_spellings.map(|(one, other)| said.replacen(one, other, 1));
    replaced.into_iter().filter(move |other| other != said)
}

fn session() -> SessionId {
    SessionId::new(1_584_533_064_000, [0xa5; 10])
}

/// The fixtures' tokens, good and bad, and tokens taken apart.
///
/// # Panics
/// Where a fixture is damaged.
pub fn seeds() -> Vec<Vec<u8>> {
    let rows = FIXTURES.lines().map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    let mut seeds: Vec<_> = rows.filter_map(|row| Some(row["token"].as_str()?.as_bytes().to_vec())).collect();
    for token in issued(&KEYS.signing) {
        let mut segments = token.split('.').map(|segment| URL_SAFE_NO_PAD.decode(segment));
        if let (Some(Ok(header)), Some(Ok(payload))) = (segments.next(), segments.next()) {
            let format = if header.starts_with(br#"{"alg":"EdDSA""#) { "jwt" } else { "flask" };
            let said = format!("{format}\n{}\n{}", String::from_utf8_lossy(&header), String::from_utf8_lossy(&payload));
            seeds.extend(said_otherwise(&said).map(String::into_bytes));
            seeds.push(said.into_bytes());
        }
        seeds.push(token.into_bytes());
    }
    seeds.sort_unstable();
    seeds.dedup();
    seeds
}
