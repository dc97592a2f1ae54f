use super::{
    Purpose, Quota,
    bucket::Bucket,
    count::{Rule, add, seconds_until},
};
use crate::{Doorward, Error};

/// For how long requests are counted, in seconds.
const WINDOW: u64 = 60 * 60;

/// Counts a request that costs something whether or not it succeeds, such as a mail: for `key` (the name or
/// address that it is about, as [`crate::user::lookup_key`] has it), and for the network from which the
/// handle acts. What is over `throttle.requests_per_hour` is refused.
///
/// # Errors
/// [`Error::TooManyTries`], equally for keys that have an account and keys that have none.
pub async fn count_request(doorward: &Doorward, purpose: Purpose, key: &str) -> Result<(), Error> {
    let settings = &doorward.settings().throttle;
    if !settings.enabled {
        return Ok(());
    }
    let now = doorward.now();
    let network = doorward.caller().client.address;
    if let Some(network) = network
        && let Err(wait) = doorward.filter().pass(network, now)
    {
        return Err(refuse(doorward, purpose, "rate", wait));
    }
    let mut rules = vec![rule(Bucket::account(doorward, purpose, key), settings.requests_per_hour)];
    if let Some(network) = network {
        rules.push(rule(Bucket::network(doorward, purpose, network), settings.network_requests_per_hour));
    }
    rules.sort_by(|a, b| a.bucket.cmp(&b.bucket));
    let transaction = doorward.database().begin().await?;
    let (mut wait, mut remaining) = (None, u32::MAX);
    for (rule, row) in rules.iter().zip(add(&transaction, &rules, now).await?) {
        let left = i64::from(rule.limit) - row.failures;
        if left < 0 {
            wait = wait.max(Some(seconds_until(row.expires_at, now)));
        }
        remaining = remaining.min(u32::try_from(left).unwrap_or(0));
    }
    if let Some(wait) = wait {
        // What is refused is not counted: the transaction ends without a commit.
        drop(transaction);
        return Err(refuse(doorward, purpose, "requests", wait));
    }
    transaction.commit().await?;
    tell(doorward, purpose, remaining, WINDOW);
    Ok(())
}

fn rule(bucket: Bucket, limit: u32) -> Rule {
    Rule { bucket, limit, keep: WINDOW, since_first: true }
}

fn tell(doorward: &Doorward, purpose: Purpose, remaining: u32, reset: u64) {
    let limit = doorward.settings().throttle.requests_per_hour;
    let remaining = remaining.min(limit);
    doorward.caller().rate.set(Quota { purpose, limit, window: WINDOW, remaining, reset });
}

fn refuse(doorward: &Doorward, purpose: Purpose, by: &'static str, retry_after: u32) -> Error {
    metrics::counter!("doorward_throttled_total", "what" => purpose.name(), "by" => by).increment(1);
    tell(doorward, purpose, 0, retry_after.into());
    Error::TooManyTries { retry_after }
}
