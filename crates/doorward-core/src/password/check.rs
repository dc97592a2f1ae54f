use std::sync::Arc;

use zeroize::Zeroizing;

use super::{
    hash::{HashError, SALT_LEN, StoredHash, Verdict},
    new::normalized,
    write_scheme,
};
use crate::{Doorward, Error, user::User};

/// What came of checking a password.
#[derive(Debug)]
pub enum Checked {
    /// It is the user's.
    Right {
        /// The hash that it was checked against.
        stored: StoredHash,
        /// How it verified.
        verdict: Verdict,
    },
    /// It isn't, or there is no user, or the user has no usable hash.
    Wrong,
}

/// Checks `password` against the hash of `user`, at the cost of a hash in any case: where there is
/// none to check against, a password is hashed in the scheme that is written here.
///
/// One that was not typed in the form NFC counts in that form too: another application hashed it as it
/// was typed, and Doorward hashes it in NFC.
///
/// # Errors
/// [`Error::Busy`] where too many wait already.
pub async fn check(doorward: &Doorward, user: Option<&User>, password: &str) -> Result<Checked, Error> {
    let forms = forms(password);
    let limits = doorward.hashing().limits();
    let stored = user.and_then(|user| user.password_hash.as_deref()).map(StoredHash::parse);
    let stored = match stored {
        Some(Ok(stored)) if limits.allow(stored.cost()) => Some(stored),
        Some(Ok(_)) => unusable(user, "hash_too_expensive"),
        Some(Err(HashError::Unusable)) | None => None,
        Some(Err(error)) => unusable(user, error.name()),
    };
    let Some(stored) = stored else {
        let scheme = write_scheme(doorward.settings(), doorward.origin());
        doorward
            .hashing()
            .run(move |scratch| {
                for form in &forms {
                    std::hint::black_box(scheme.hash(form, &[0; SALT_LEN], scratch).is_ok());
                }
            })
            .await?;
        return Ok(Checked::Wrong);
    };
    let peppers: Arc<[Vec<u8>]> = doorward.hashing().peppers();
    // A cheap old hash that fails costs what an unknown name does besides: else the machine is idle for longer before the
    // answer, and a timer that wakes an idle machine rings later.
    let scheme = write_scheme(doorward.settings(), doorward.origin());
    let is_cheap = scheme.cost().is_ok_and(|usual| stored.cost().work_ns < usual.work_ns / 2);
    let (stored, verdict) = doorward
        .hashing()
        .run(move |scratch| {
            let mut verdict = Ok(Verdict::Mismatch);
            for form in &forms {
                verdict = stored.verify(form, &peppers, &limits, scratch);
                if !matches!(verdict, Ok(Verdict::Mismatch)) {
                    break;
                }
                if is_cheap {
                    std::hint::black_box(scheme.hash(form, &[0; SALT_LEN], scratch).is_ok());
                }
            }
            (stored, verdict)
        })
        .await?;
    match verdict {
        Ok(verdict) if verdict.is_match() => Ok(Checked::Right { stored, verdict }),
        Ok(_) => Ok(Checked::Wrong),
        Err(HashError::OutOfMemory) => Err(Error::Busy { retry_after: 1 }),
        Err(error) => {
            unusable(user, error.name());
            Ok(Checked::Wrong)
        }
    }
}

/// The password as it was typed, and in NFC where that is another.
fn forms(password: &str) -> Vec<Zeroizing<String>> {
    let typed = Zeroizing::new(password.to_owned());
    let normalized = normalized(password);
    if typed == normalized { vec![typed] } else { vec![typed, normalized] }
}

fn unusable(user: Option<&User>, why: &str) -> Option<StoredHash> {
    let user = user.map(|user| user.id.0);
    tracing::warn!(user, why, "a stored password hash can't be used; `doorward doctor` lists all such users");
    None
}
