use std::num::NonZeroI64;

use serde_json::{Map, Value};

use super::{identifier, remember, signed};
use crate::{
    session::Client,
    settings::{FlaskSession, Protection, Secret},
};

/// The cookies of the Flask application that came with a request. `Debug` does not print them.
#[derive(Clone, Copy)]
pub struct FlaskCookies<'a> {
    /// Its session.
    pub session: Option<&'a str>,
    /// Flask-Login's `remember_token`.
    pub remember: Option<&'a str>,
}

impl std::fmt::Debug for FlaskCookies<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlaskCookies").finish_non_exhaustive()
    }
}

/// Whom Flask-Login would see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlaskSignIn {
    /// The user.
    pub user_id: NonZeroI64,
    /// Whether the user signed in with a password in this session, from this client.
    pub fresh: bool,
    /// When the session was signed, in unix seconds; `None` where a `remember_token` says it all, which knows no time.
    pub signed_at: Option<i64>,
}

impl FlaskCookies<'_> {
    /// Whom Flask-Login 0.5 and 0.6 would see at `now`, in unix seconds.
    pub fn sign_in(
        &self,
        secrets: &[Secret],
        settings: &FlaskSession,
        client: &Client,
        now: i64,
    ) -> Option<FlaskSignIn> {
        let texts: Vec<&str> = secrets.iter().map(Secret::expose).collect();
        let bytes: Vec<&[u8]> = texts.iter().map(|secret| secret.as_bytes()).collect();
        let lifetime = i64::try_from(settings.lifetime).unwrap_or(i64::MAX);
        let signed = self.session.and_then(|cookie| signed::read(&bytes, &settings.salt, settings.digest, cookie));
        let signed = signed.filter(|signed| (0..=lifetime).contains(&(now - signed.signed_at)));
        let (session, signed_at) = signed.map_or((Map::new(), 0), |signed| (signed.session, signed.signed_at));

        let mut fresh = session.get("_fresh") == Some(&Value::Bool(true));
        let is_other =
            !session.is_empty() && session.get("_id").and_then(Value::as_str) != Some(identifier::of(client).as_str());
        let permanent = session.get("_permanent") == Some(&Value::Bool(true));
        match settings.protection {
            Protection::Off => {}
            _ if !is_other => {}
            Protection::Strong if !permanent => return None,
            Protection::Strong | Protection::Basic => fresh = false,
        }
        if let Some(user_id) = session.get("_user_id") {
            return Some(FlaskSignIn { user_id: id(user_id)?, fresh, signed_at: Some(signed_at) });
        }
        // Signed out, which takes the cookie away with the answer.
        if session.get("_remember").and_then(Value::as_str) == Some("clear") {
            return None;
        }
        let user_id = remember::read(&texts, self.remember?)?;
        Some(FlaskSignIn { user_id: id(&user_id.into())?, fresh: false, signed_at: None })
    }
}

/// An id as `get_id` gives it: a text, of digits for these users.
fn id(value: &Value) -> Option<NonZeroI64> {
    let text = value.as_str()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    is_plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Row {
        secret: String,
        protection: String,
        user_agent: String,
        addr: String,
        cookies: Cookies,
        case: String,
        flask_says: String,
        now: i64,
        versions: Value,
    }

    #[derive(Deserialize)]
    struct Cookies {
        session: Option<String>,
        remember_token: Option<String>,
    }

    fn rows() -> Vec<Row> {
        let text = include_str!("../../tests/fixtures/flask_cookies.jsonl");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn seen(row: &Row, secret: &str, now: i64) -> Option<i64> {
        let protection = match row.protection.as_str() {
            "strong" => Protection::Strong,
            "basic" => Protection::Basic,
            _ => Protection::Off,
        };
        let settings = FlaskSession { protection, ..FlaskSession::default() };
        let client = Client { address: Some(row.addr.parse().unwrap()), user_agent: Some(row.user_agent.clone()) };
        let cookies =
            FlaskCookies { session: row.cookies.session.as_deref(), remember: row.cookies.remember_token.as_deref() };
        cookies.sign_in(&[secret.into()], &settings, &client, now).map(|sign_in| sign_in.user_id.get())
    }

    #[test]
    fn every_verdict_is_flasks() {
        let rows = rows();
        assert_eq!(rows.len(), 190);
        for row in &rows {
            let says = seen(row, &row.secret, row.now).map_or("None".to_owned(), |id| id.to_string());
            assert_eq!(says, row.flask_says, "{}, {:?}, {}", row.case, row.protection, row.versions);
        }
    }

    #[test]
    fn no_other_secret_no_other_byte_and_no_other_month() {
        for row in rows() {
            assert_eq!(seen(&row, "another", row.now), None);
            // A session outlives its month only through the token that knows no time.
            let later = row.now + 2_678_400 + 60;
            assert_eq!(seen(&row, &row.secret, later).is_some(), row.cookies.remember_token.is_some());
            let flip = |cookie: &Option<String>, at: usize| {
                cookie.as_ref().map(|cookie| {
                    let mut bytes = cookie.clone().into_bytes();
                    let at = at % bytes.len();
                    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                    String::from_utf8(bytes).unwrap()
                })
            };
            for at in (0..600).step_by(7) {
                let cookies = Cookies {
                    session: flip(&row.cookies.session, at),
                    remember_token: flip(&row.cookies.remember_token, at),
                };
                assert_eq!(seen(&Row { cookies, ..rows().remove(0) }, &row.secret, row.now), None, "byte {at}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_reading_panic(session in "[.A-Za-z0-9_|-]{0,80}", remember in "\\PC{0,40}") {
            let cookies = FlaskCookies { session: Some(&session), remember: Some(&remember) };
            let none = cookies.sign_in(&["secret".into()], &FlaskSession::default(), &Client::default(), 0);
            proptest::prop_assert!(none.is_none());
        }
    }
}
