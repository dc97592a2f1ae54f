//! The Flask application's cookies: an input is a `User-Agent`, a line break, a session cookie, a line break, a `remember_token`.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr},
    sync::LazyLock,
};

use doorward_core::{
    flask_session::FlaskCookies,
    session::Client,
    settings::{FlaskSession, Protection, Secret},
};
use serde_json::Value;

/// Pieces of cookies.
pub const WORDS: &[&str] = &[
    "\n",
    ".",
    "|",
    ".eJ",
    "1|",
    r#"{"_user_id":"1","_fresh":true,"_id":""}"#,
    r#"{" t":["#,
    r#"{" b":"AA=="}"#,
    r#""_permanent":true"#,
    r#""_remember":"clear""#,
    "XnJ0aA",
    "AAAAAA",
    "-",
    "_",
    "=",
];

const FIXTURES: &str = include_str!("../../crates/doorward-core/tests/fixtures/flask_cookies.jsonl");
const NOW: i64 = 1_584_533_064;

struct Known {
    secrets: Vec<Secret>,
    cookies: HashSet<String>,
    inputs: Vec<Vec<u8>>,
}

/// What Flask signed, and under which secrets.
static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known { secrets: Vec::new(), cookies: HashSet::new(), inputs: Vec::new() };
    let mut secrets = HashSet::new();
    for line in FIXTURES.lines() {
        let row: Value = serde_json::from_str(line).expect("the fixtures are JSON");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (session, remember) = (text(&row["cookies"]["session"]), text(&row["cookies"]["remember_token"]));
        if secrets.insert(text(&row["secret"])) {
            known.secrets.push(text(&row["secret"]).as_str().into());
        }
        known.inputs.push(format!("{}\n{session}\n{remember}", text(&row["user_agent"])).into_bytes());
        known.cookies.extend([session, remember]);
    }
    known
});

/// Nobody is seen whom no cookie of Flask's names.
///
/// # Panics
/// Where somebody is.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.splitn(3, '\n');
    let user_agent = lines.next().map(str::to_owned);
    let (session, remember) = (lines.next().filter(|it| !it.is_empty()), lines.next().filter(|it| !it.is_empty()));
    let client = Client { address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), user_agent };
    let cookies = FlaskCookies { session, remember };
    for protection in [Protection::Strong, Protection::Basic, Protection::Off] {
        let settings = FlaskSession { protection, ..FlaskSession::default() };
        for now in [NOW, NOW + 3_600, 0, i64::MAX] {
            if let Some(seen) = cookies.sign_in(&KNOWN.secrets, &settings, &client, now) {
                let signed = [session, remember].into_iter().flatten().any(|it| KNOWN.cookies.contains(it));
                assert!(signed, "nobody signed this: {session:?}, {remember:?}");
                assert!(seen.user_id.get() > 0 && !(seen.fresh && seen.signed_at.is_none()), "{seen:?}");
            }
            assert_eq!(cookies.sign_in(&[], &settings, &client, now), None, "without a secret");
        }
    }
}

/// What Flask made.
pub fn seeds() -> Vec<Vec<u8>> {
    KNOWN.inputs.clone()
}
