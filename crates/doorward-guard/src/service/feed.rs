//! `GET /revocations` as it stands on the wire. An answer is believed as a whole or not at all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::asking::NoAnswer;
use crate::{Revocation, Revocations, SessionId};

/// The most events in one answer.
const MOST_EVENTS: usize = 1_000;

/// How many revocations of a snapshot are taken in at once, so that nobody who is asking waits for millions.
const AT_ONCE: usize = 1_000;

#[derive(Deserialize)]
struct Wire {
    sequence: i64,
    age_ms: u64,
    events: Vec<WireEvent>,
    snapshot: Option<WireSnapshot>,
}

#[derive(Deserialize)]
struct WireEvent {
    sequence: i64,
    #[serde(flatten)]
    kind: WireKind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum WireKind {
    Session {
        session_id: String,
        until: i64,
    },
    Token {
        sha256: String,
        until: i64,
    },
    User {
        user_id: i64,
        valid_after_ms: i64,
        until: i64,
    },
    Roles {
        user_id: i64,
        roles: Vec<String>,
        at_ms: i64,
        until: i64,
    },
    Keys,
    Permissions,
    #[serde(other)]
    Unknown,
}

#[derive(Deserialize)]
struct WireSnapshot {
    sessions: String,
    tokens: String,
    users: Vec<WireUser>,
    roles: Vec<WireRoles>,
}

#[derive(Deserialize)]
struct WireUser {
    user_id: i64,
    valid_after_ms: i64,
    until: i64,
}

#[derive(Deserialize)]
struct WireRoles {
    user_id: i64,
    roles: Vec<String>,
    at_ms: i64,
    until: i64,
}

/// An answer, checked.
#[derive(Debug)]
pub(super) struct News {
    /// The last number included: what to ask for next.
    pub(super) sequence: i64,
    pub(super) age_ms: u64,
    pub(super) is_snapshot: bool,
    pub(super) events: Vec<Event>,
    /// Whether the keys changed.
    pub(super) keys: bool,
    /// Events of kinds that this guard does not know.
    pub(super) unknown: u64,
    /// Packed as they came: a million of them would be twice as long otherwise.
    sessions: Vec<u8>,
    tokens: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Event {
    sequence: i64,
    revocation: Revocation,
}

const SESSION_BYTES: usize = 20;
const TOKEN_BYTES: usize = 36;

impl News {
    /// Reads an answer to the question for what came after `after`.
    pub(super) fn read(body: &[u8], after: Option<i64>) -> Result<Self, NoAnswer> {
        let wire: Wire =
            serde_json::from_slice(body).map_err(|_| NoAnswer::Malformed("not the JSON of revocations"))?;
        let mut news = Self {
            sequence: wire.sequence,
            age_ms: wire.age_ms,
            is_snapshot: wire.snapshot.is_some(),
            events: Vec::with_capacity(wire.events.len()),
            keys: wire.snapshot.is_some(),
            unknown: 0,
            sessions: Vec::new(),
            tokens: Vec::new(),
        };
        if wire.events.len() > MOST_EVENTS {
            return Err(NoAnswer::Malformed("more events than one answer has"));
        }
        if wire.sequence < 0 {
            return Err(NoAnswer::Malformed("a negative sequence"));
        }
        match (wire.snapshot, after) {
            (Some(snapshot), _) => news.take_snapshot(snapshot)?,
            (None, None) => return Err(NoAnswer::Malformed("no snapshot, although nothing is known yet")),
            (None, Some(after)) => {
                let mut last = after;
                for event in &wire.events {
                    if event.sequence <= last || event.sequence > wire.sequence {
                        return Err(NoAnswer::Malformed("events out of order"));
                    }
                    last = event.sequence;
                }
                if wire.sequence < after {
                    return Err(NoAnswer::Malformed("the sequence went back without a snapshot"));
                }
            }
        }
        for event in wire.events {
            let sequence = event.sequence;
            match event.kind {
                WireKind::Keys => news.keys = true,
                WireKind::Permissions => {}
                WireKind::Unknown => news.unknown += 1,
                kind => news.events.push(Event { sequence, revocation: kind.revocation()? }),
            }
        }
        Ok(news)
    }

    fn take_snapshot(&mut self, snapshot: WireSnapshot) -> Result<(), NoAnswer> {
        self.sessions = unpacked(&snapshot.sessions, SESSION_BYTES)?;
        self.tokens = unpacked(&snapshot.tokens, TOKEN_BYTES)?;
        if !self.sessions.chunks_exact(SESSION_BYTES).all(|packed| session(packed).is_some()) {
            return Err(NoAnswer::Malformed("a session id that is none"));
        }
        let users = snapshot.users.into_iter().map(|it| WireKind::User {
            user_id: it.user_id,
            valid_after_ms: it.valid_after_ms,
            until: it.until,
        });
        let roles = snapshot.roles.into_iter().map(|it| WireKind::Roles {
            user_id: it.user_id,
            roles: it.roles,
            at_ms: it.at_ms,
            until: it.until,
        });
        for kind in users.chain(roles) {
            self.events.push(Event { sequence: self.sequence, revocation: kind.revocation()? });
        }
        Ok(())
    }

    /// Users of whom a remembered introspection may no longer hold.
    pub(super) fn users(&self) -> impl Iterator<Item = i64> {
        self.events.iter().filter_map(|event| match &event.revocation {
            Revocation::User { id, .. } => Some(*id),
            Revocation::Roles { user_id, .. } => Some(*user_id),
            Revocation::Session { .. } | Revocation::Token { .. } => None,
        })
    }

    /// Merges it into what is known: nothing revoked comes back to life.
    pub(super) fn apply(&self, known: &Revocations) {
        let packed = self.sessions.chunks_exact(SESSION_BYTES).filter_map(session);
        let packed = packed.chain(self.tokens.chunks_exact(TOKEN_BYTES).filter_map(token));
        let mut together = Vec::with_capacity(AT_ONCE.min(self.sessions.len()));
        for revocation in packed {
            together.push(revocation);
            if together.len() == AT_ONCE {
                known.apply(self.sequence, &together);
                together.clear();
            }
        }
        known.apply(self.sequence, &together);
        for event in &self.events {
            known.apply(event.sequence, std::slice::from_ref(&event.revocation));
        }
    }
}

impl WireKind {
    fn revocation(self) -> Result<Revocation, NoAnswer> {
        Ok(match self {
            Self::Session { session_id, until } => Revocation::Session {
                id: session_id.parse().map_err(|_| NoAnswer::Malformed("a session id that is none"))?,
                until,
            },
            Self::Token { sha256, until } => Revocation::Token {
                sha256: digest(&sha256).ok_or(NoAnswer::Malformed("a SHA-256 that is none"))?,
                until,
            },
            Self::User { user_id, valid_after_ms, until } => Revocation::User { id: user_id, valid_after_ms, until },
            Self::Roles { user_id, roles, at_ms, until } => Revocation::Roles { user_id, roles, at_ms, until },
            Self::Keys | Self::Permissions | Self::Unknown => return Err(NoAnswer::Malformed("no revocation")),
        })
    }
}

fn unpacked(text: &str, each: usize) -> Result<Vec<u8>, NoAnswer> {
    let bytes = STANDARD.decode(text).map_err(|_| NoAnswer::Malformed("a snapshot that is no base64"))?;
    if bytes.len() % each == 0 { Ok(bytes) } else { Err(NoAnswer::Malformed("a snapshot that is cut off")) }
}

/// 16 bytes of the id and 4 of its end.
fn session(packed: &[u8]) -> Option<Revocation> {
    let (id, until) = packed.split_first_chunk::<16>()?;
    Some(Revocation::Session { id: SessionId::from_bytes(*id).ok()?, until: end(until)? })
}

/// 32 bytes of the SHA-256 and 4 of its end.
fn token(packed: &[u8]) -> Option<Revocation> {
    let (sha256, until) = packed.split_first_chunk::<32>()?;
    Some(Revocation::Token { sha256: *sha256, until: end(until)? })
}

fn end(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(|bytes| i64::from(u32::from_be_bytes(bytes)))
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let bytes = hex.as_bytes();
    let mut digest = [0; 32];
    if bytes.len() != 64 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(digest)
}
