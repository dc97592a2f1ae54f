//! The form of a line; `conformance/README.md` describes it.

use doorward_guard::SessionId;
use serde::Serialize;

use super::making::{AUDIENCE, ISSUER, NOW, SECRET, base64url, signing_key};

#[derive(Serialize)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) config: Config,
    pub(crate) revocations: Vec<Event>,
    pub(crate) now: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fresh_at: Option<i64>,
    pub(crate) headers: Vec<(&'static str, Text)>,
    pub(crate) expect: Expect,
}

#[derive(Serialize, Clone)]
pub(crate) struct Config {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) flask_algorithm: &'static str,
    pub(crate) ed25519: Vec<Key>,
    pub(crate) secret_keys: Vec<String>,
    pub(crate) future_skew_seconds: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_staleness: Option<u64>,
}

#[derive(Serialize, Clone)]
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) x: String,
}

/// A header's value; a part of it may be repeated, so that a megabyte fits into a line.
#[derive(Serialize, Clone)]
#[serde(untagged)]
pub(crate) enum Text {
    Plain(String),
    Repeat { repeat: (String, usize) },
    Parts(Vec<Text>),
}

#[derive(Serialize, Clone)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Event {
    Session {
        sequence: i64,
        session_id: String,
        until: i64,
    },
    Token {
        sequence: i64,
        sha256: String,
        until: i64,
    },
    User {
        sequence: i64,
        user_id: i64,
        valid_after_ms: i64,
        until: i64,
    },
    Roles {
        sequence: i64,
        user_id: i64,
        roles: Vec<&'static str>,
        at_ms: i64,
        until: i64,
    },
    Keys {
        sequence: i64,
    },
    Permissions {
        sequence: i64,
    },
    /// A kind that no guard knows.
    Moonrise {
        sequence: i64,
        phase: &'static str,
    },
}

#[derive(Serialize, Clone)]
#[serde(untagged)]
pub(crate) enum Expect {
    Identity {
        user_id: i64,
        session_id: Option<String>,
        roles: Vec<&'static str>,
        username: Option<&'static str>,
        format: &'static str,
    },
    Error {
        error: &'static str,
    },
}

impl Config {
    /// Accepts both formats.
    pub(crate) fn both() -> Self {
        let key = signing_key();
        Self {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            flask_algorithm: "HS512",
            ed25519: vec![Key { kid: key.kid().to_owned(), x: base64url(key.public().public) }],
            secret_keys: vec![SECRET.to_owned()],
            future_skew_seconds: 60,
            max_staleness: None,
        }
    }
}

impl Expect {
    /// What the good JWT of [`super::making::jwt`] says.
    pub(crate) fn jwt() -> Self {
        Self::Identity {
            user_id: 42,
            session_id: Some(session().to_string()),
            roles: vec!["admin"],
            username: Some("susan"),
            format: "jwt",
        }
    }

    /// A JWT without roles and name.
    pub(crate) fn bare_jwt(user_id: i64) -> Self {
        let session_id = Some(session().to_string());
        Self::Identity { user_id, session_id, roles: Vec::new(), username: None, format: "jwt" }
    }

    pub(crate) fn flask(user_id: i64, session_id: Option<SessionId>) -> Self {
        let session_id = session_id.map(|id| id.to_string());
        Self::Identity { user_id, session_id, roles: Vec::new(), username: None, format: "flask" }
    }

    pub(crate) fn with_roles(mut self, roles: &[&'static str]) -> Self {
        if let Self::Identity { roles: own, .. } = &mut self {
            *own = roles.to_vec();
        }
        self
    }

    pub(crate) fn error(error: &'static str) -> Self {
        Self::Error { error }
    }

    /// `token_invalid`: well-formed, and not to be trusted.
    pub(crate) fn invalid() -> Self {
        Self::error("token_invalid")
    }

    pub(crate) fn malformed() -> Self {
        Self::error("token_malformed")
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl Text {
    pub(crate) fn repeat(text: &str, times: usize) -> Self {
        Self::Repeat { repeat: (text.to_owned(), times) }
    }
}

impl Vector {
    /// `token` in the header `token`, before the usual guard.
    pub(crate) fn token(name: impl Into<String>, token: impl Into<Text>, expect: Expect) -> Self {
        Self::headers(name, vec![("token", token.into())], expect)
    }

    pub(crate) fn headers(name: impl Into<String>, headers: Vec<(&'static str, Text)>, expect: Expect) -> Self {
        Self {
            name: name.into(),
            config: Config::both(),
            revocations: Vec::new(),
            now: NOW,
            fresh_at: None,
            headers,
            expect,
        }
    }

    pub(crate) fn at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    pub(crate) fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    pub(crate) fn after(self, revocations: Vec<Event>) -> Self {
        Self { revocations, ..self }
    }
}

/// The session of every good token here: it began ten minutes before `NOW`.
pub(crate) fn session() -> SessionId {
    SessionId::new(u64::try_from((NOW - 600) * 1000).unwrap(), [0xa5; 10])
}
