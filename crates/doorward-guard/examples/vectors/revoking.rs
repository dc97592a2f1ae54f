//! C4 and C6: what was taken back, what was not, and a feed that is lost.

use doorward_guard::{FlaskAlgorithm, SigningKey, VerifyingKey, sign_flask};

use super::form::{Event, Expect, Key, Text, Vector, session};
use super::making::{EXPIRES, ISSUED, NOW, OTHER_SEED, SECRET, base64url, claims, eddsa_by, flask, jwt, jwt_with};

pub(crate) fn vectors(out: &mut Vec<Vector>) {
    rotation(out);
    sessions_and_tokens(out);
    users(out);
    roles(out);
    others(out);
    staleness(out);
}

fn named(key: &VerifyingKey) -> Key {
    Key { kid: key.kid.clone(), x: base64url(key.public) }
}

fn rotation(out: &mut Vec<Vector>) {
    let other = SigningKey::from_seed(&OTHER_SEED).unwrap();
    let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, other.kid());
    let by_other = eddsa_by(&OTHER_SEED, &header, &claims("", ""));
    let vector = |name: &str, token: &str, expect| Vector::token(name, token, expect);
    let both = |vector: Vector| vector.config(|config| config.ed25519.insert(0, named(other.public())));
    let turned = |vector: Vector| vector.config(|config| config.ed25519 = vec![named(other.public())]);
    out.push(both(vector("c4-old-key-during-the-turn", &jwt(), Expect::jwt())));
    out.push(both(vector("c4-new-key-during-the-turn", &by_other, Expect::bare_jwt(42))));
    out.push(vector("c4-new-key-before-the-turn", &by_other, Expect::invalid()));
    out.push(turned(vector("c4-old-key-withdrawn", &jwt(), Expect::invalid())));
    out.push(turned(vector("c4-new-key-after-the-turn", &by_other, Expect::bare_jwt(42))));
    // The other key's signature under the first one's name.
    let swapped = eddsa_by(&OTHER_SEED, &super::making::jwt_header(""), &claims("", ""));
    out.push(both(vector("c4-right-key-under-the-wrong-kid", &swapped, Expect::invalid())));
    // A key may have any name; it is found by that and nothing else.
    let any_name = eddsa_by(&OTHER_SEED, r#"{"alg":"EdDSA","typ":"at+jwt","kid":"2026-a"}"#, &claims("", ""));
    let config = |vector: Vector| {
        vector.config(|config| {
            config.ed25519 = vec![Key { kid: "2026-a".to_owned(), x: base64url(other.public().public) }];
        })
    };
    out.push(config(vector("c4-key-of-any-name", &any_name, Expect::bare_jwt(42))));
    out.push(config(vector("c4-thumbprint-where-the-key-has-another-name", &by_other, Expect::invalid())));

    let flask_by = |secret: &str| sign_flask(secret.as_bytes(), FlaskAlgorithm::Hs512, 42, None, ISSUED, EXPIRES);
    let secrets = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let by = |name: &str, secret: &str, configured: &[&str], expect| {
        Vector::token(name, flask_by(secret), expect).config(|config| config.secret_keys = secrets(configured))
    };
    out.push(by("c4-newest-secret", "newest", &["newest", SECRET, "oldest"], Expect::flask(42, None)));
    out.push(by("c4-second-secret", SECRET, &["newest", SECRET, "oldest"], Expect::flask(42, None)));
    out.push(by("c4-oldest-secret", "oldest", &["newest", SECRET, "oldest"], Expect::flask(42, None)));
    out.push(by("c4-secret-withdrawn", SECRET, &["newest"], Expect::invalid()));
    out.push(by("c4-secret-with-space", "newest ", &["newest"], Expect::invalid()));
    out.push(by("c4-secret-in-unicode", "密钥 ключ", &["密钥 ключ"], Expect::flask(42, None)));
    out.push(by("c4-secret-beside-an-empty-one", "newest", &["", "newest"], Expect::flask(42, None)));
    out.push(by("c4-empty-secret-beside-another", "", &["", "newest"], Expect::invalid()));
}

fn revoked() -> Expect {
    Expect::error("token_revoked")
}

fn sha256(token: &str) -> String {
    use std::fmt::Write as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn sessions_and_tokens(out: &mut Vec<Vector>) {
    let ended = |id: String| vec![Event::Session { sequence: 1, session_id: id, until: EXPIRES }];
    let other = doorward_guard::SessionId::new(u64::try_from(NOW * 1000).unwrap(), [1; 10]).to_string();
    let own = session().to_string();
    out.push(Vector::token("c6-session-ended-jwt", jwt(), revoked()).after(ended(own.clone())));
    out.push(Vector::token("c6-session-ended-flask", flask(Some(session())), revoked()).after(ended(own.clone())));
    out.push(Vector::token("c6-another-session-ended", jwt(), Expect::jwt()).after(ended(other.clone())));
    out.push(
        Vector::token("c6-session-ended-token-without-one", flask(None), Expect::flask(42, None))
            .after(ended(own.clone())),
    );
    // `until` only says from when on it may be forgotten.
    let soon = vec![Event::Session { sequence: 1, session_id: own.clone(), until: NOW }];
    out.push(Vector::token("c6-session-ended-until-now", jwt(), revoked()).after(soon));
    let several = vec![
        Event::Session { sequence: 1, session_id: other, until: EXPIRES },
        Event::Session { sequence: 2, session_id: own.clone(), until: EXPIRES },
        Event::Session { sequence: 2, session_id: own.clone(), until: EXPIRES },
    ];
    out.push(Vector::token("c6-session-ended-among-others-and-twice", jwt(), revoked()).after(several));
    let late = vec![Event::Keys { sequence: 900 }, Event::Session { sequence: 5, session_id: own, until: EXPIRES }];
    out.push(Vector::token("c6-session-ended-told-late", jwt(), revoked()).after(late));

    for (form, token, expect) in [("jwt", jwt(), Expect::jwt()), ("flask", flask(None), Expect::flask(42, None))] {
        let own = vec![Event::Token { sequence: 1, sha256: sha256(&token), until: EXPIRES }];
        out.push(Vector::token(format!("c6-token-ended-{form}"), token.as_str(), revoked()).after(own));
        let other = vec![Event::Token { sequence: 1, sha256: sha256("another"), until: EXPIRES }];
        out.push(Vector::token(format!("c6-another-token-ended-{form}"), token, expect).after(other));
    }
}

fn users(out: &mut Vec<Vector>) {
    let since = |user_id, valid_after_ms| vec![Event::User { sequence: 1, user_id, valid_after_ms, until: EXPIRES }];
    let began = session().created_ms();
    let with_session = || flask(Some(session()));
    let session_expect = || Expect::flask(42, Some(session()));
    // A token with a session: ended if the session began then or before.
    for (name, moment, good) in [
        ("before-the-session", began - 1, true),
        ("as-the-session-began", began, false),
        ("after-the-session-began", began + 1, false),
        ("now", NOW * 1000, false),
    ] {
        let expect = if good { Expect::jwt() } else { revoked() };
        out.push(Vector::token(format!("c6-user-{name}-jwt"), jwt(), expect).after(since(42, moment)));
        let expect = if good { session_expect() } else { revoked() };
        out.push(Vector::token(format!("c6-user-{name}-flask"), with_session(), expect).after(since(42, moment)));
    }
    // Without one: ended if issued in that second or before.
    for (name, moment, good) in [
        ("before-its-second", ISSUED * 1000 - 1, true),
        ("at-its-second", ISSUED * 1000, false),
        ("within-its-second", ISSUED * 1000 + 999, false),
        ("after-its-second", ISSUED * 1000 + 1000, false),
    ] {
        let expect = if good { Expect::flask(42, None) } else { revoked() };
        out.push(
            Vector::token(format!("c6-user-{name}-without-session"), flask(None), expect).after(since(42, moment)),
        );
    }
    out.push(Vector::token("c6-another-user", jwt(), Expect::jwt()).after(since(43, NOW * 1000)));
    let back = vec![
        Event::User { sequence: 1, user_id: 42, valid_after_ms: NOW * 1000, until: EXPIRES },
        Event::User { sequence: 2, user_id: 42, valid_after_ms: 0, until: EXPIRES },
    ];
    out.push(Vector::token("c6-user-moment-never-goes-back", jwt(), revoked()).after(back));
}

fn roles(out: &mut Vec<Vector>) {
    let change = |sequence, roles: &[&'static str], at_ms| Event::Roles {
        sequence,
        user_id: 42,
        roles: roles.to_vec(),
        at_ms,
        until: EXPIRES,
    };
    let at = ISSUED * 1000;
    for (name, moment, changed) in [
        ("before-its-second", at - 1, false),
        ("at-its-second", at, true),
        ("within-its-second", at + 999, true),
        ("now", NOW * 1000, true),
    ] {
        let roles: &[&'static str] = if changed { &["editor", "author"] } else { &["admin"] };
        let events = vec![change(1, &["editor", "author"], moment)];
        out.push(Vector::token(format!("c6-roles-{name}"), jwt(), Expect::jwt().with_roles(roles)).after(events));
    }
    let none = vec![change(1, &[], NOW * 1000)];
    out.push(Vector::token("c6-roles-taken", jwt(), Expect::jwt().with_roles(&[])).after(none));
    let given = vec![change(1, &["editor"], NOW * 1000)];
    let expect = Expect::flask(42, None).with_roles(&["editor"]);
    out.push(Vector::token("c6-roles-of-a-flask-token", flask(None), expect).after(given));
    let twice = vec![change(1, &["editor"], at), change(2, &["author"], at + 1)];
    out.push(Vector::token("c6-roles-the-later-counts", jwt(), Expect::jwt().with_roles(&["author"])).after(twice));
    let late = vec![change(2, &["author"], at + 1), change(1, &["editor"], at)];
    out.push(Vector::token("c6-roles-told-late", jwt(), Expect::jwt().with_roles(&["author"])).after(late));
    // Sequence and clock disagree: only what both grant.
    let disagree = vec![change(1, &["editor", "author"], at + 1000), change(2, &["author", "admin"], at)];
    out.push(Vector::token("c6-roles-order-unclear", jwt(), Expect::jwt().with_roles(&["author"])).after(disagree));
    let both = vec![
        change(1, &["editor"], NOW * 1000),
        Event::Session { sequence: 2, session_id: session().to_string(), until: EXPIRES },
    ];
    out.push(Vector::token("c6-roles-and-session-ended", jwt(), revoked()).after(both));
    let events = vec![Event::Roles { sequence: 1, user_id: 43, roles: vec![], at_ms: NOW * 1000, until: EXPIRES }];
    out.push(Vector::token("c6-roles-of-another-user", jwt(), Expect::jwt()).after(events));
}

fn others(out: &mut Vec<Vector>) {
    let unknown = vec![
        Event::Permissions { sequence: 1 },
        Event::Keys { sequence: 2 },
        Event::Moonrise { sequence: 3, phase: "full" },
    ];
    out.push(Vector::token("c6-kinds-that-concern-no-token", jwt(), Expect::jwt()).after(unknown.clone()));
    let mut behind = unknown;
    behind.push(Event::Session { sequence: 4, session_id: session().to_string(), until: EXPIRES });
    out.push(Vector::token("c6-session-ended-behind-an-unknown-kind", jwt(), revoked()).after(behind));
    // Refused for what it is, not for what was revoked: a forger learns nothing of sessions.
    let ended = vec![Event::Session { sequence: 1, session_id: session().to_string(), until: EXPIRES }];
    let forged = eddsa_by(&OTHER_SEED, &super::making::jwt_header(""), &claims("", ""));
    out.push(Vector::token("c6-forged-and-session-ended", forged, Expect::invalid()).after(ended.clone()));
    let over = jwt_with("exp", &(NOW - 1).to_string());
    out.push(Vector::token("c6-over-and-session-ended", over, Expect::error("token_expired")).after(ended));
}

fn staleness(out: &mut Vec<Vector>) {
    let heard = |name: &str, token: Text, fresh_at, expect| {
        let mut vector = Vector::token(name, token, expect).config(|config| config.max_staleness = Some(30));
        vector.fresh_at = Some(fresh_at);
        vector
    };
    let stale = || Expect::error("guard_stale");
    out.push(heard("c6-heard-of-just-now", jwt().into(), NOW, Expect::jwt()));
    out.push(heard("c6-heard-of-30-seconds-ago", jwt().into(), NOW - 30, Expect::jwt()));
    out.push(heard("c6-heard-of-31-seconds-ago", jwt().into(), NOW - 31, stale()));
    out.push(heard("c6-heard-of-31-seconds-ago-flask", flask(None).into(), NOW - 31, stale()));
    // The clock was set back: nobody has confirmed anything since.
    out.push(heard("c6-heard-of-in-the-future", jwt().into(), NOW + 31, stale()));
    out.push(heard("c6-never-heard-of", jwt().into(), 0, stale()));
    let mut missing = Vector::headers("c6-stale-and-nothing-shown", Vec::new(), Expect::error("token_missing"));
    missing.config.max_staleness = Some(30);
    missing.fresh_at = Some(0);
    out.push(missing);
}
