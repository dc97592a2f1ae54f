//! Two threads at once: what `apply` or `replace_keys` has returned from holds for everybody.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::thread;

use doorward_guard::{CredentialKind, Denied, FlaskAlgorithm, KeySet, Revocation, sign_flask};

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
        scope.spawn(reader);
        scope.spawn(reader);
        for id in 1..=USERS {
            // Lets readers in between, so that the wave does not run ahead of them.
            let before = good.load(Ordering::Relaxed);
            while id % 20 == 0 && good.load(Ordering::Relaxed) == before {
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
