use std::time::Instant;

use super::Finding;
use crate::{
    Doorward, Error,
    password::{self, hash::SALT_LEN},
};

/// How long a hash takes here, and whether the answer to a failed login hides the slowest stored one.
pub(super) async fn examine(doorward: &Doorward, slowest: Option<(&'static str, u64)>) -> Result<Finding, Error> {
    let scheme = password::write_scheme(doorward.settings(), doorward.origin());
    let begun = Instant::now();
    doorward
        .hashing()
        .run(move |scratch| scheme.hash("a password to measure with", &[0; SALT_LEN], scratch).is_ok())
        .await?;
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let threads = doorward.hashing().threads() as u64;
    let rate = threads * 1000 / milliseconds;
    let detail = format!("{} takes {milliseconds} ms here: about {rate} sign-ins a second", scheme.name());
    let hidden = doorward.settings().login.failure_time_ms;
    // A stored hash's estimate is for a slow core; a current one takes a half of it.
    let stored = slowest.map(|(family, ns)| (family, ns / 2_000_000));
    let (family, slow) = stored.filter(|(_, slow)| *slow > milliseconds).unwrap_or((scheme.name(), milliseconds));
    if hidden <= slow {
        return Ok(Finding::warn(
            "hash_speed",
            format!(
                "{detail}; checking {family} takes about {slow} ms, and failures are answered after {hidden} ms: \
                 their time can tell which users exist"
            ),
            format!("set login.failure_time_ms to {} or more", slow * 3 / 2 + 1),
        ));
    }
    Ok(Finding::ok("hash_speed", detail))
}
