use tokio::time::Instant;

use super::{email, pending};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction},
    one_time_code::{self, Purpose},
    session, throttle,
    user::{self, User},
};

/// How long a code is let alone before another takes its place, in seconds.
const PAUSE_SECONDS: i64 = 60;

/// Mails the link and the code that confirm an address once more, to whoever registered with it. The same
/// answer at the same distance from the request's arrival, whether anybody did.
///
/// # Errors
/// [`Error::Invalid`] where it is no address.
pub async fn resend(doorward: &Doorward, address: &str, arrived: Instant) -> Result<(), Error> {
    user::check_email(address).map_err(|problem| Error::field("email", problem))?;
    throttle::count_request(doorward, throttle::Purpose::Confirm, &user::email_key(address)).await?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    if let Some(user) = next(&transaction, address, now).await?
        && let Some(pending) = user.pending_email.clone()
    {
        email::confirmation_within(doorward, &transaction, &user, &pending, now).await?;
    }
    transaction.commit().await?;
    session::wait_out(doorward, arrived).await;
    Ok(())
}

/// Of the registrations that the address waits in, the one whose code is the oldest; none where one has got
/// a code just now.
async fn next(transaction: &Transaction, address: &str, now: StoredTime) -> Result<Option<User>, Error> {
    let mut oldest = None;
    for user in pending::waiting_for(transaction, address, now).await? {
        let issued_at = one_time_code::issued_at(transaction, user.id, Purpose::ConfirmEmail).await?;
        if issued_at.is_some_and(|at| at.plus_seconds(PAUSE_SECONDS) > now) {
            return Ok(None);
        }
        if oldest.as_ref().is_none_or(|(at, _)| issued_at < *at) {
            oldest = Some((issued_at, user.id));
        }
    }
    match oldest {
        Some((_, id)) => pending::lock(transaction, id, now).await,
        None => Ok(None),
    }
}
