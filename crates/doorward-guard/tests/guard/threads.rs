//! Two threads at once: what `apply` or `replace_keys` has returned from holds for everybody.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

use doorward_guard::{CredentialKind, Denied, FlaskAlgorithm, Identity, KeySet, Revocation, SessionId, sign_flask};

use super::{HOUR, NOW, SECRET, guard, jwt, key_set};

#[test]
fn c6_nothing_is_let_in_after_apply_has_returned() {
    const USERS: i64 = 400;
    let guard = guard();
    let tokens: Vec<_> =
        (1..=USERS).map(|id| sign_flask(SECRET, FlaskAlgorithm::Hs512, id, None, NOW, NOW + HOUR)).collect();
    // All users up to this one are revoked for certain.
    let revoked_up_to = AtomicI64::new(0);
    let (good, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        let reader = || {
            while revoked_up_to.load(Ordering::Acquire) < USERS {
                for (id, token) in (1..).zip(&tokens) {
                    let certain = revoked_up_to.load(Ordering::Acquire);
                    // Past the wave nothing is decided yet; around it all the races are.
                    if id > certain + 4 {
                        break;
                    }
                    if id % 7 == 0 {
                        guard.forget(CredentialKind::AccessToken, token.as_bytes());
                    }
                    match guard.verify(token, NOW) {
                        Ok(_) => {
                            assert!(id > certain, "user {id} was let in, {certain} users were revoked before");
                            good.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(denied) => {
                            assert_eq!(denied, Denied::Revoked);
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            }
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for id in 1..=USERS {
            // Lets readers in between, so that the wave does not run ahead of them. One that has failed will not come.
            let before = good.load(Ordering::Relaxed);
            while id % 20 == 0
                && good.load(Ordering::Relaxed) == before
                && !readers.iter().any(ScopedJoinHandle::is_finished)
            {
                thread::yield_now();
            }
            guard.revocations().apply(id, &[Revocation::User { id, valid_after_ms: NOW * 1000, until: NOW + HOUR }]);
            revoked_up_to.store(id, Ordering::Release);
        }
    });
    assert!(good.load(Ordering::Relaxed) >= 20);
    for token in &tokens {
        assert_eq!(guard.verify(token, NOW), Err(Denied::Revoked));
    }
}

/// Both threads are at this round. They spin, because one woken from sleep would come too late to meet the other.
fn meet(mine: &AtomicU64, theirs: &AtomicU64, round: u64) {
    mine.store(round, Ordering::Release);
    let mut spins = 0_u32;
    while theirs.load(Ordering::Acquire) < round {
        spins += 1;
        if spins.is_multiple_of(1000) {
            thread::yield_now();
        }
        std::hint::spin_loop();
    }
}

#[test]
fn c6_what_is_revoked_during_an_admission_is_not_let_in_by_memory() {
    const ROUNDS: u64 = 100_000;
    const COOKIE: CredentialKind = CredentialKind::SessionCookie;
    let guard = guard();
    let session = |round| SessionId::new(round, [3; 10]);
    let (admitting, revoking) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                let item = [Revocation::Session { id: session(round), until: NOW + HOUR }];
                meet(&revoking, &admitting, 2 * round);
                // A delay that differs from round to round, to meet every step of the admission.
                for _ in 0..round % 50 {
                    std::hint::spin_loop();
                }
                guard.revocations().apply(1, &item);
                meet(&revoking, &admitting, 2 * round + 1);
            }
        });
        let mut served = Vec::new();
        for round in 1..=ROUNDS {
            let cookie = round.to_be_bytes();
            let mut identity = Identity::new(COOKIE, &cookie, 42, NOW, NOW + HOUR);
            identity.session_id = Some(session(round));
            let seen = guard.revocations().mark();
            meet(&admitting, &revoking, 2 * round);
            let _ = guard.admit(COOKIE, &cookie, identity, NOW, seen);
            meet(&admitting, &revoking, 2 * round + 1);
            if let Some(Ok(_)) = guard.recall(COOKIE, &cookie, NOW) {
                served.push(round);
            }
        }
        assert!(served.is_empty(), "let in from memory after apply had returned: {served:?}");
    });
}

#[test]
fn c4_nothing_is_let_in_after_a_key_was_withdrawn() {
    const TURNS: usize = 200;
    let guard = guard();
    let token = jwt();
    // Odd while the key is certainly out.
    let turn = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                let before = turn.load(Ordering::SeqCst);
                if before >= TURNS {
                    break;
                }
                let shown = guard.verify(&token, NOW);
                let after = turn.load(Ordering::SeqCst);
                if before == after && before % 2 == 1 {
                    assert_eq!(shown, Err(Denied::UnknownKey));
                }
            }
        });
        for number in 1..=TURNS {
            if number % 2 == 1 {
                guard.replace_keys(KeySet::default());
                turn.store(number, Ordering::SeqCst);
                thread::yield_now();
            } else {
                // Said before it is in: from here on either answer is right.
                turn.store(number, Ordering::SeqCst);
                guard.replace_keys(key_set());
                thread::yield_now();
            }
        }
    });
    guard.replace_keys(KeySet::default());
    assert_eq!(guard.verify(&token, NOW), Err(Denied::UnknownKey));
}
