use super::{
    Purpose, Quota, Scope, TrustedDevice,
    bucket::Bucket,
    count::{Rule, add, block, failures_of, forget, seconds_until, take_back, waiting},
};
use crate::{
    Doorward, Error, challenge,
    database::{StoredTime, Transaction},
};

/// For how long failures of a network are counted, in seconds. Many people can share one, who all
/// mistype now and then.
const NETWORK_WINDOW: u64 = 60 * 60;

/// A try that is counted as failed already: whatever happens to whoever makes it, it counts. What
/// succeeds takes it back.
#[derive(Debug)]
#[must_use = "one that succeeds is taken back by `succeeded`"]
pub struct Try {
    purpose: Purpose,
    counted: Vec<Counted>,
    limit: u32,
    window: u64,
}

#[derive(Debug)]
struct Counted {
    scope: Scope,
    bucket: Bucket,
    /// The wait that began with this one.
    began: Option<StoredTime>,
}

/// Counts a try for `account` (the name or address as [`crate::user::lookup_key`] has it, whether there is
/// such an account or not), from where the handle acts.
///
/// # Errors
/// [`Error::TooManyTries`]: it must wait, and nothing was counted. [`Error::Unavailable`].
pub async fn check_try(doorward: &Doorward, purpose: Purpose, account: &str) -> Result<Try, Error> {
    check(doorward, purpose, account, None).await
}

/// The same for a sign-in, maybe from a device that has signed in before.
pub(crate) async fn check_login(
    doorward: &Doorward,
    account: &str,
    device: Option<&TrustedDevice>,
) -> Result<Try, Error> {
    check(doorward, Purpose::Login, account, device).await
}

/// Whether this sign-in must come with a challenge's solution: so it is after some failures, for names that
/// nobody has too.
///
/// # Errors
/// [`Error::ChallengeRequired`].
pub(crate) async fn check_challenge(
    doorward: &Doorward,
    account: &str,
    device: Option<&TrustedDevice>,
) -> Result<(), Error> {
    let most = doorward.settings().challenge.after_failures;
    if device.is_some() || !challenge::is_configured(doorward) {
        return Ok(());
    }
    if most > 0 {
        let pair = Bucket::pair(doorward, Purpose::Login, account, doorward.caller().client.address);
        if failures_of(doorward, &pair).await? < i64::from(most) {
            return Ok(());
        }
    }
    challenge::require(doorward).await
}

async fn check(
    doorward: &Doorward,
    purpose: Purpose,
    account: &str,
    device: Option<&TrustedDevice>,
) -> Result<Try, Error> {
    let settings = &doorward.settings().throttle;
    let mut counted = Try { purpose, counted: Vec::new(), limit: settings.failures, window: settings.forget_after };
    if !settings.enabled {
        return Ok(counted);
    }
    let now = doorward.now();
    let network = doorward.caller().client.address;
    let mut rules = Vec::new();
    if let Some(device) = device {
        // Strangers can't touch this count: that is what keeps them from locking anybody out.
        let bucket = Bucket::device(doorward, purpose, account, device.token_hash());
        rules.push((Scope::Device, rule(bucket, settings.failures, settings.forget_after, false)));
    } else {
        let pair = Bucket::pair(doorward, purpose, account, network);
        rules.push((Scope::AccountFromNetwork, rule(pair, settings.failures, settings.forget_after, false)));
        let everywhere = Bucket::account(doorward, purpose, account);
        rules.push((Scope::Account, rule(everywhere, settings.account_failures, settings.forget_after, false)));
        if let Some(network) = network {
            if let Err(wait) = doorward.filter().pass(network, now) {
                return Err(refuse(doorward, &counted, "rate", wait));
            }
            let bucket = Bucket::network(doorward, purpose, network);
            rules.push((Scope::Network, rule(bucket, settings.network_failures, NETWORK_WINDOW, true)));
        }
    }
    // In one order, or two tries that count the same could wait for each other in a circle.
    rules.sort_by(|(_, a), (_, b)| a.bucket.cmp(&b.bucket));
    let plain: Vec<Rule> = rules.iter().map(|(_, rule)| rule.clone()).collect();
    if let Some(wait) = waiting(doorward, &plain, now).await? {
        return Err(refuse(doorward, &counted, "failures", wait));
    }
    let transaction = doorward.database().begin().await?;
    let mut remaining = 0;
    let mut reset = settings.forget_after;
    let rows = add(&transaction, &plain, now).await?;
    for ((scope, rule), row) in rules.into_iter().zip(rows) {
        if let Some(until) = row.blocked_until.filter(|until| *until > now) {
            // Another was faster: with the transaction, everything that this one counted is undone.
            drop(transaction);
            return Err(refuse(doorward, &counted, "failures", seconds_until(until, now)));
        }
        let over = u64::try_from(row.failures - i64::from(rule.limit)).ok();
        let until = over.map(|over| now.plus_seconds(wait_after(doorward, over)));
        if let Some(until) = until {
            block(&transaction, &row, until).await?;
        }
        if matches!(scope, Scope::AccountFromNetwork | Scope::Device) {
            let failures = u32::try_from(row.failures).unwrap_or(u32::MAX);
            remaining = rule.limit.saturating_sub(failures);
            if let Some(until) = until {
                reset = seconds_until(until, now).into();
            }
        }
        counted.counted.push(Counted { scope, bucket: rule.bucket, began: until });
    }
    transaction.commit().await?;
    counted.tell(doorward, remaining, reset);
    Ok(counted)
}

fn rule(bucket: Bucket, limit: u32, keep: u64, since_first: bool) -> Rule {
    Rule { bucket, limit, keep, since_first }
}

/// The wait after so many failures beyond the limit, in seconds: twice the one before, to a cap.
fn wait_after(doorward: &Doorward, over: u64) -> i64 {
    let settings = &doorward.settings().throttle;
    let doubled = 1_u64.checked_shl(u32::try_from(over).unwrap_or(u32::MAX)).unwrap_or(u64::MAX);
    let wait = settings.first_wait.saturating_mul(doubled).min(settings.longest_wait);
    i64::try_from(wait).unwrap_or(i64::MAX)
}

fn refuse(doorward: &Doorward, counted: &Try, by: &'static str, retry_after: u32) -> Error {
    metrics::counter!("doorward_throttled_total", "what" => counted.purpose.name(), "by" => by).increment(1);
    counted.tell(doorward, 0, retry_after.into());
    Error::TooManyTries { retry_after }
}

impl Try {
    fn tell(&self, doorward: &Doorward, remaining: u32, reset: u64) {
        let quota = Quota { purpose: self.purpose, limit: self.limit, window: self.window, remaining, reset };
        doorward.caller().rate.set(quota);
    }

    /// What must wait from now on, because of this try: scopes by their names.
    pub(crate) fn began_to_wait(&self) -> Vec<&'static str> {
        self.counted.iter().filter(|counted| counted.began.is_some()).map(|counted| counted.scope.name()).collect()
    }

    /// It succeeded: takes it back, in the transaction of what succeeded.
    pub async fn succeeded_within(&self, doorward: &Doorward, transaction: &Transaction) -> Result<(), Error> {
        for counted in &self.counted {
            match counted.scope {
                // Whoever knows the secret has shown that the failures before were their own.
                Scope::AccountFromNetwork | Scope::Device => forget(transaction, &counted.bucket).await?,
                // Others failed here too, and an own success must not clear a guesser's count.
                Scope::Account | Scope::Network => take_back(transaction, &counted.bucket, counted.began).await?,
            }
        }
        if !self.counted.is_empty() {
            self.tell(doorward, self.limit, self.window);
        }
        Ok(())
    }

    /// It succeeded: takes it back.
    pub async fn succeeded(&self, doorward: &Doorward) -> Result<(), Error> {
        if self.counted.is_empty() {
            return Ok(());
        }
        let transaction = doorward.database().begin().await?;
        self.succeeded_within(doorward, &transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// It could not be told whether it would have succeeded: takes it back, and nothing else.
    pub(crate) async fn undecided(&self, doorward: &Doorward) -> Result<(), Error> {
        if self.counted.is_empty() {
            return Ok(());
        }
        let transaction = doorward.database().begin().await?;
        for counted in &self.counted {
            take_back(&transaction, &counted.bucket, counted.began).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
