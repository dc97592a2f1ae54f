//! What is remembered, for how long, and what revocations do to it (row C6).

use std::sync::Arc;

use doorward_guard::{
    CredentialKind, Denied, FlaskAlgorithm, Guard, GuardConfig, Identity, Revocation, SessionId, sign_flask, sign_jwt,
};

use super::{HOUR, NOW, SECRET, claims, config, guard, jwt, key_set, session, signing_key};

const TOKEN: CredentialKind = CredentialKind::AccessToken;
const COOKIE: CredentialKind = CredentialKind::SessionCookie;
const API_KEY: CredentialKind = CredentialKind::ApiKey;
const UNTIL: i64 = NOW + HOUR;

fn flask(id: i64, issued_at: i64) -> String {
    sign_flask(SECRET, FlaskAlgorithm::Hs512, id, None, issued_at, issued_at + HOUR)
}

/// As a row in the database would say it.
fn stored(guard: &Guard, kind: CredentialKind, credential: &[u8]) -> Result<Arc<Identity>, Denied> {
    let seen = guard.revocations().mark();
    guard.admit(kind, credential, Identity::new(kind, credential, 42, NOW - HOUR, UNTIL), NOW, seen)
}

fn roles(of: &[&str]) -> Vec<String> {
    of.iter().map(|role| (*role).to_owned()).collect()
}

#[test]
fn a_token_is_verified_once() {
    let guard = guard();
    let token = jwt();
    assert!(guard.recall(TOKEN, token.as_bytes(), NOW).is_none());
    let first = guard.verify(&token, NOW).unwrap();
    let second = guard.verify(&token, NOW).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    let stats = guard.stats();
    assert_eq!((stats.hits, stats.misses, stats.entries), (1, 2, 1));
}

#[test]
fn c6_the_same_bytes_of_another_kind_are_another_credential() {
    let guard = guard();
    let token = jwt();
    guard.verify(&token, NOW).unwrap();
    assert!(guard.recall(COOKIE, token.as_bytes(), NOW).is_none());
    assert!(guard.recall(API_KEY, token.as_bytes(), NOW).is_none());
    stored(&guard, API_KEY, token.as_bytes()).unwrap();
    assert_eq!(guard.recall(API_KEY, token.as_bytes(), NOW).unwrap().unwrap().kind, API_KEY);
    assert_eq!(guard.recall(TOKEN, token.as_bytes(), NOW).unwrap().unwrap().kind, TOKEN);
}

#[test]
fn forgetting_is_not_revoking() {
    let guard = guard();
    let token = jwt();
    guard.verify(&token, NOW).unwrap();
    guard.forget(TOKEN, token.as_bytes());
    assert!(guard.recall(TOKEN, token.as_bytes(), NOW).is_none());
    assert!(guard.verify(&token, NOW).is_ok());
}

#[test]
fn c6_an_ended_session_ends_its_token_and_cookie() {
    let guard = guard();
    let token = jwt();
    guard.verify(&token, NOW).unwrap();
    let kept = sign_jwt(&signing_key(), &doorward_guard::Claims { session_id: session(NOW + 1), ..claims() });
    let mut cookie = Identity::new(COOKIE, b"cookie", 42, NOW, UNTIL);
    cookie.session_id = Some(session(NOW));
    guard.admit(COOKIE, b"cookie", cookie.clone(), NOW, guard.revocations().mark()).unwrap();
    guard.revocations().apply(1, &[Revocation::Session { id: session(NOW), until: UNTIL }]);

    assert_eq!(guard.recall(TOKEN, token.as_bytes(), NOW), Some(Err(Denied::Revoked)));
    assert_eq!(guard.verify(&token, NOW), Err(Denied::Revoked));
    assert_eq!(guard.recall(COOKIE, b"cookie", NOW), Some(Err(Denied::Revoked)));
    assert_eq!(guard.admit(COOKIE, b"cookie", cookie, NOW, guard.revocations().mark()), Err(Denied::Revoked));
    assert!(guard.verify(&kept, NOW).is_ok());
}

#[test]
fn c6_a_single_token_ends_also_if_the_flask_application_made_it() {
    let guard = guard();
    let (ended, kept) = (flask(42, NOW), flask(42, NOW - 1));
    let sha256 = guard.verify(&ended, NOW).unwrap().token_id;
    guard.verify(&kept, NOW).unwrap();
    guard.revocations().apply(1, &[Revocation::Token { sha256, until: UNTIL }]);
    assert_eq!(guard.verify(&ended, NOW), Err(Denied::Revoked));
    assert!(guard.verify(&kept, NOW).is_ok());
    // Never seen before, but revoked already: refused too.
    let elsewhere = super::guard();
    elsewhere.revocations().apply(1, &[Revocation::Token { sha256, until: UNTIL }]);
    assert_eq!(elsewhere.verify(&ended, NOW), Err(Denied::Revoked));
}

#[test]
fn c6_all_of_a_user_until_a_moment() {
    let guard = guard();
    let at_ms = NOW * 1000 + 500;
    let began = |ms: i64| SessionId::new(ms.cast_unsigned(), [1; 10]);
    let jwt_of =
        |ms, user_id| sign_jwt(&signing_key(), &doorward_guard::Claims { session_id: began(ms), user_id, ..claims() });
    guard.revocations().apply(1, &[Revocation::User { id: 42, valid_after_ms: at_ms, until: UNTIL }]);

    assert_eq!(guard.verify(&jwt_of(at_ms, 42), NOW), Err(Denied::Revoked));
    assert!(guard.verify(&jwt_of(at_ms + 1, 42), NOW).is_ok());
    assert!(guard.verify(&jwt_of(at_ms, 43), NOW).is_ok());
    // Without a session there are whole seconds only, and the whole second is refused.
    assert_eq!(guard.verify(&flask(42, NOW), NOW), Err(Denied::Revoked));
    assert!(guard.verify(&flask(42, NOW + 1), NOW).is_ok());
    assert!(guard.verify(&flask(43, NOW), NOW).is_ok());
}

#[test]
fn c6_changed_roles_show_in_older_tokens_at_once() {
    let guard = guard();
    let admin = roles(&["admin"]);
    let older = sign_jwt(&signing_key(), &doorward_guard::Claims { roles: &admin, ..claims() });
    let newer = sign_jwt(&signing_key(), &doorward_guard::Claims { roles: &admin, issued_at: NOW + 1, ..claims() });
    assert!(guard.verify(&older, NOW).unwrap().has_role("admin"));
    let change = |at_ms, names: &[&str]| Revocation::Roles { user_id: 42, roles: roles(names), at_ms, until: UNTIL };
    guard.revocations().apply(1, &[change(NOW * 1000 + 999, &["editor"])]);

    for _ in 0..2 {
        let identity = guard.verify(&older, NOW).unwrap();
        assert!(!identity.has_role("admin") && identity.has_role("editor"));
    }
    assert!(guard.verify(&newer, NOW).unwrap().has_role("admin"));
    // In the millisecond of its issue too: the whole second counts as before the change.
    let edge = super::guard();
    edge.revocations().apply(1, &[change(NOW * 1000, &[])]);
    assert!(!edge.verify(&older, NOW).unwrap().has_role("admin"));
    // One that comes late does not undo it.
    guard.revocations().apply(0, &[change(NOW * 1000, &["admin"])]);
    assert!(!guard.verify(&older, NOW).unwrap().has_role("admin"));
    // The next one does.
    guard.revocations().apply(2, &[change(NOW * 1000 + 999, &["admin"])]);
    assert!(guard.verify(&older, NOW).unwrap().has_role("admin"));
    // Where clock and sequence disagree which is later, only what both grant is left.
    guard.revocations().apply(3, &[change(NOW * 1000 + 500, &["editor"])]);
    assert!(guard.verify(&older, NOW).unwrap().roles.is_empty());
}

#[test]
fn c6_stored_credentials_are_read_again_when_their_user_changed() {
    for change in [
        Revocation::User { id: 42, valid_after_ms: NOW * 1000, until: UNTIL },
        Revocation::Roles { user_id: 42, roles: Vec::new(), at_ms: NOW * 1000, until: UNTIL },
    ] {
        let guard = guard();
        stored(&guard, API_KEY, b"dwk_1").unwrap();
        assert!(matches!(guard.recall(API_KEY, b"dwk_1", NOW), Some(Ok(_))));
        guard.revocations().apply(1, std::slice::from_ref(&change));
        assert!(guard.recall(API_KEY, b"dwk_1", NOW).is_none(), "{change:?}");
        // Read anew, it is as good as the row says.
        stored(&guard, API_KEY, b"dwk_1").unwrap();
        assert!(matches!(guard.recall(API_KEY, b"dwk_1", NOW), Some(Ok(_))));
        // A row that was read before the change counts for nothing.
        let seen = guard.revocations().mark();
        guard.revocations().apply(2, std::slice::from_ref(&change));
        let row = Identity::new(API_KEY, b"dwk_1", 42, NOW - HOUR, UNTIL);
        assert_eq!(guard.admit(API_KEY, b"dwk_1", row, NOW, seen), Err(Denied::Revoked), "{change:?}");
    }
}

#[test]
fn what_is_over_is_refused_or_read_again_and_no_longer_remembered() {
    let guard = guard();
    let token = jwt();
    guard.verify(&token, NOW).unwrap();
    stored(&guard, COOKIE, b"cookie").unwrap();
    assert_eq!(guard.recall(TOKEN, token.as_bytes(), UNTIL), Some(Err(Denied::Expired)));
    assert_eq!(guard.recall(COOKIE, b"cookie", UNTIL), None);
    assert_eq!(guard.stats().entries, 0);
    let over = Identity::new(COOKIE, b"cookie", 42, NOW - HOUR, NOW);
    let seen = guard.revocations().mark();
    assert_eq!(guard.admit(COOKIE, b"cookie", over, NOW, seen), Err(Denied::Expired));
}

#[test]
fn pruning_gives_back_what_is_over() {
    let guard = guard();
    guard.verify(&jwt(), NOW).unwrap();
    guard.revocations().apply(
        9,
        &[
            Revocation::Session { id: session(NOW), until: UNTIL },
            Revocation::Token { sha256: [1; 32], until: UNTIL },
            Revocation::User { id: 1, valid_after_ms: 0, until: UNTIL },
            Revocation::Roles { user_id: 1, roles: Vec::new(), at_ms: 0, until: UNTIL },
        ],
    );
    let held = |guard: &Guard| {
        let stats = guard.stats();
        (stats.entries, stats.revoked_sessions, stats.revoked_tokens, stats.revoked_users, stats.changed_roles)
    };
    guard.prune(UNTIL - 1);
    assert_eq!(held(&guard), (1, 1, 1, 1, 1));
    // Revocations stay for two hours, should the clock be set back.
    guard.prune(UNTIL);
    assert_eq!(held(&guard), (0, 1, 1, 1, 1));
    guard.prune(UNTIL + 2 * HOUR + 1);
    assert_eq!(held(&guard), (0, 0, 0, 0, 0));
    assert_eq!(guard.revocations().sequence(), 9);
    assert_eq!(guard.stats().bytes_estimate, 0);
}

#[test]
fn the_sequence_never_goes_back() {
    let guard = guard();
    assert_eq!(guard.revocations().sequence(), 0);
    guard.revocations().apply(7, &[]);
    guard.revocations().apply(3, &[]);
    assert_eq!(guard.revocations().sequence(), 7);
}

#[test]
fn hearing_the_same_again_changes_nothing() {
    let guard = guard();
    let items = [
        Revocation::Session { id: session(NOW), until: UNTIL },
        Revocation::Token { sha256: [1; 32], until: UNTIL },
        Revocation::User { id: 1, valid_after_ms: 5, until: UNTIL },
        Revocation::Roles { user_id: 1, roles: roles(&["a"]), at_ms: 5, until: UNTIL },
    ];
    guard.revocations().apply(4, &items);
    let mark = guard.revocations().mark();
    guard.revocations().apply(4, &items);
    assert_eq!(guard.revocations().mark(), mark);
}

#[test]
fn a_later_end_is_kept() {
    let guard = guard();
    let session_until = |until| [Revocation::Session { id: session(NOW), until }];
    guard.revocations().apply(1, &session_until(UNTIL + HOUR));
    guard.revocations().apply(2, &session_until(UNTIL));
    guard.prune(UNTIL + 2 * HOUR + 1);
    assert_eq!(guard.stats().revoked_sessions, 1);
}

#[test]
fn g4_a_guard_that_lost_the_feed_closes() {
    let guard = Guard::new(GuardConfig { max_staleness: Some(10), ..config() });
    guard.replace_keys(key_set());
    let token = jwt();
    // Never heard of the feed: nobody is let in.
    assert_eq!(guard.verify(&token, NOW), Err(Denied::Stale));
    assert_eq!(guard.recall(TOKEN, token.as_bytes(), NOW), Some(Err(Denied::Stale)));
    assert_eq!(stored(&guard, API_KEY, b"dwk_1"), Err(Denied::Stale));

    guard.revocations().confirm_fresh(NOW);
    assert_eq!(guard.revocations().fresh_at(), NOW);
    assert!(guard.verify(&token, NOW + 10).is_ok());
    assert_eq!(guard.verify(&token, NOW + 11), Err(Denied::Stale));
    assert!(guard.is_stale(NOW + 11));
    guard.revocations().confirm_fresh(NOW + 11);
    assert!(guard.verify(&token, NOW + 11).is_ok());

    // The clock is set back an hour: the old confirmation says nothing, the next one does.
    assert_eq!(guard.verify(&token, NOW - HOUR), Err(Denied::Stale));
    guard.revocations().confirm_fresh(NOW - HOUR);
    assert!(guard.verify(&token, NOW - HOUR).is_ok());
}

#[test]
fn a_guard_that_may_stay_open_does() {
    assert!(guard().verify(&jwt(), NOW).is_ok());
}

#[test]
fn no_more_is_remembered_than_was_allowed() {
    let guard = Guard::new(GuardConfig { cache_capacity: 100, ..config() });
    guard.replace_keys(key_set());
    for id in 1..=500 {
        guard.verify(&flask(id, NOW), NOW).unwrap();
    }
    let stats = guard.stats();
    assert!((1..=128).contains(&stats.entries), "{stats:?}");
    assert!(stats.bytes_estimate > stats.entries * 165, "{stats:?}");
    // What was let go is verified anew.
    for id in 1..=500 {
        assert_eq!(guard.verify(&flask(id, NOW), NOW).unwrap().user_id, id);
    }
}

#[test]
fn a_guard_without_memory_still_guards() {
    let guard = Guard::new(GuardConfig { cache_capacity: 0, ..config() });
    guard.replace_keys(key_set());
    let token = jwt();
    assert!(guard.verify(&token, NOW).is_ok());
    assert!(guard.verify(&token, NOW).is_ok());
    guard.revocations().apply(1, &[Revocation::Session { id: session(NOW), until: UNTIL }]);
    assert_eq!(guard.verify(&token, NOW), Err(Denied::Revoked));
}
