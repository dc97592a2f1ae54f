//! A riddle for those who may be machines: whatever tells them apart, such as a CAPTCHA or a proof of
//! work.

mod site_verify;

use std::net::IpAddr;

pub use site_verify::SiteVerify;

use crate::{Doorward, Error, outbound::Outbound};

/// The longest solution that is passed on, in bytes: Turnstile's are up to 2,048.
const MOST_BYTES: usize = 4_096;

/// Says whether a solution is one.
#[async_trait::async_trait]
pub trait Challenge: Send + Sync + 'static {
    /// Whether `solution`, which came from `address`, is good. It must be good only once.
    ///
    /// # Errors
    /// [`Undecided`] where it can't be told now: `challenge.fail_open` says what happens then.
    async fn is_solved(&self, outbound: &Outbound, solution: &str, address: Option<IpAddr>) -> Result<bool, Undecided>;
}

/// It can't be told whether a solution is good; why, for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Undecided(pub String);

/// Whether there is a challenge at all.
pub fn is_configured(doorward: &Doorward) -> bool {
    doorward.challenge().is_some()
}

/// Lets pass whoever sent a solution along, and everybody where no challenge is configured.
///
/// # Errors
/// [`Error::ChallengeRequired`]: none came, or it is not good. [`Error::Busy`] where it can't be told and
/// `challenge.fail_open` is false.
pub async fn require(doorward: &Doorward) -> Result<(), Error> {
    let Some(challenge) = doorward.challenge() else { return Ok(()) };
    let caller = doorward.caller();
    let Some(solution) = caller.challenge.as_deref().filter(|it| !it.is_empty() && it.len() <= MOST_BYTES) else {
        return Err(Error::ChallengeRequired);
    };
    let (outcome, result) = match challenge.is_solved(doorward.outbound(), solution, caller.client.address).await {
        Ok(true) => ("solved", Ok(())),
        Ok(false) => ("not_solved", Err(Error::ChallengeRequired)),
        Err(error) => {
            tracing::warn!(%error, "a challenge's solution could not be verified");
            let open = doorward.settings().challenge.fail_open;
            ("undecided", if open { Ok(()) } else { Err(Error::Busy { retry_after: 5 }) })
        }
    };
    metrics::counter!("doorward_challenges_total", "outcome" => outcome).increment(1);
    result
}
