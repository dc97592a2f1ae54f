use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward_core::revocation::{Event, Told};
use doorward_guard::{Revocation, RevocationSnapshot};
use serde::Serialize;
use utoipa::ToSchema;

/// What was revoked. Nothing that was revoked comes back to life: take in all of it, also what you know already.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revocations {
    /// All up to this number is told: ask next with `after` this, even where it is lower than before.
    #[schema(example = 1236)]
    sequence: i64,
    /// How long ago Doorward itself knew for certain that nothing else was revoked, in milliseconds.
    #[schema(example = 420)]
    age_ms: i64,
    /// What is new, at most 1,000; ask again at once where there are so many.
    events: Vec<RevocationEvent>,
    /// Everything, where that is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<Snapshot>,
}

/// Something that takes credentials back. Ignore a `kind` that you don't know.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevocationEvent {
    /// Its place in the feed.
    sequence: i64,
    kind: Kind,
    /// Of `session`: the tokens' `sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    /// Of `token`: SHA-256 of its characters, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Of `user` and `roles`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    /// Of `user`: it ends sessions that began in this unix millisecond or before, and tokens without a session issued in its
    /// second or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_after_ms: Option<i64>,
    /// Of `roles`: those that the user has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    /// Of `roles`: tokens issued in the second of this unix millisecond or before show those of before.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<i64>,
    /// In unix seconds: from then on it concerns nothing that is alive. All but `keys` and `permissions` have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RevocationKind)]
enum Kind {
    /// A session ended, and all tokens of it.
    Session,
    /// One credential ended.
    Token,
    /// Everything ended that a user had.
    User,
    /// A user's roles are others.
    Roles,
    /// The signing keys were changed: fetch `/.well-known/jwks.json` now.
    Keys,
    /// What roles may do was changed.
    Permissions,
}

/// Everything that is revoked.
#[derive(Serialize, ToSchema)]
struct Snapshot {
    /// Sessions in base64: of each the 16 bytes of its id and `until` as 4 bytes, the most significant first.
    sessions: String,
    /// Credentials in base64: of each the 32 bytes of its SHA-256 and `until` as 4 bytes.
    tokens: String,
    users: Vec<UserRevoked>,
    roles: Vec<RolesChanged>,
}

#[derive(Serialize, ToSchema)]
struct UserRevoked {
    user_id: i64,
    valid_after_ms: i64,
    until: i64,
}

#[derive(Serialize, ToSchema)]
struct RolesChanged {
    user_id: i64,
    roles: Vec<String>,
    at_ms: i64,
    until: i64,
}

impl From<Told> for Revocations {
    fn from(told: Told) -> Self {
        let events = told.events.into_iter();
        Self {
            sequence: told.sequence,
            age_ms: told.age_ms,
            events: events.map(|(sequence, event)| RevocationEvent::of(sequence, event)).collect(),
            snapshot: told.snapshot.map(Snapshot::from),
        }
    }
}

impl RevocationEvent {
    fn of(sequence: i64, event: Event) -> Self {
        let told = |kind| Self {
            sequence,
            kind,
            session_id: None,
            sha256: None,
            user_id: None,
            valid_after_ms: None,
            roles: None,
            at_ms: None,
            until: None,
        };
        match event {
            Event::KeysChanged => told(Kind::Keys),
            Event::PermissionsChanged => told(Kind::Permissions),
            Event::Revoked(Revocation::Session { id, until }) => {
                Self { session_id: Some(id.to_string()), until: Some(until), ..told(Kind::Session) }
            }
            Event::Revoked(Revocation::Token { sha256, until }) => {
                Self { sha256: Some(hexadecimal(&sha256)), until: Some(until), ..told(Kind::Token) }
            }
            Event::Revoked(Revocation::User { id, valid_after_ms, until }) => {
                Self { user_id: Some(id), valid_after_ms: Some(valid_after_ms), until: Some(until), ..told(Kind::User) }
            }
            Event::Revoked(Revocation::Roles { user_id, roles, at_ms, until }) => Self {
                user_id: Some(user_id),
                roles: Some(roles),
                at_ms: Some(at_ms),
                until: Some(until),
                ..told(Kind::Roles)
            },
        }
    }
}

impl From<RevocationSnapshot> for Snapshot {
    fn from(known: RevocationSnapshot) -> Self {
        let roles = known.roles.into_iter().filter_map(|item| match item {
            Revocation::Roles { user_id, roles, at_ms, until } => Some(RolesChanged { user_id, roles, at_ms, until }),
            _ => None,
        });
        Self {
            sessions: packed(known.sessions.iter().map(|(id, until)| (id.as_bytes().as_slice(), *until))),
            tokens: packed(known.tokens.iter().map(|(sha256, until)| (sha256.as_slice(), *until))),
            users: known
                .users
                .into_iter()
                .map(|(user_id, valid_after_ms, until)| UserRevoked { user_id, valid_after_ms, until })
                .collect(),
            roles: roles.collect(),
        }
    }
}

fn packed<'a>(items: impl Iterator<Item = (&'a [u8], i64)>) -> String {
    let mut bytes = Vec::new();
    for (id, until) in items {
        bytes.extend_from_slice(id);
        // Past 2106 it is kept as long as can be said.
        bytes.extend_from_slice(&u32::try_from(until.max(0)).unwrap_or(u32::MAX).to_be_bytes());
    }
    STANDARD.encode(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
