use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::begin::begin_within;
use crate::{
    Actor, Doorward, Error, FieldProblem, audit,
    event::{Event, EventKind},
    password::{self, Checked, MAX_PASSWORD_BYTES},
    token::{self, IssuedTokens},
    user::{self, User},
};

/// The longest name or address that is looked up, in bytes: 64 characters of four.
const MAX_IDENTIFIER_BYTES: usize = 256;

/// Who wants to sign in; from where, the handle tells. `Debug` shows no password.
pub struct LogIn<'a> {
    /// A user name or an e-mail address.
    pub identifier: &'a str,
    /// The password.
    pub password: &'a str,
    /// When the request arrived.
    pub arrived: Instant,
}

/// A sign-in that succeeded. `Debug` shows neither tokens nor cookie.
pub struct LoggedIn {
    /// Whom.
    pub user: User,
    /// The access token and the refresh token.
    pub tokens: IssuedTokens,
    /// The cookie's value, where sessions of browsers are on.
    pub cookie: Option<String>,
}

impl std::fmt::Debug for LogIn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogIn").field("identifier", &self.identifier).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoggedIn").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Signs in. Every failure before the password was right is the same answer at the same distance from
/// the request's arrival.
///
/// # Errors
/// [`Error::InvalidCredentials`]; after the right password [`Error::AccountDisabled`] and
/// [`Error::EmailNotConfirmed`]; [`Error::Busy`] and [`Error::Unavailable`] where it can't be told now.
pub async fn log_in(doorward: &Doorward, request: LogIn<'_>) -> Result<LoggedIn, Error> {
    check_lengths(&request)?;
    let (outcome, result) = match attempt(doorward, &request).await {
        Ok(logged_in) => ("success", Ok(logged_in)),
        Err(error) => (error.name(), Err(error)),
    };
    metrics::counter!("doorward_logins_total", "outcome" => outcome).increment(1);
    if matches!(result, Err(Error::InvalidCredentials)) {
        wait_out(doorward, request.arrived).await;
    }
    result
}

fn check_lengths(request: &LogIn<'_>) -> Result<(), Error> {
    if request.password.len() > MAX_PASSWORD_BYTES {
        let most = FieldProblem::TooLong { most: MAX_PASSWORD_BYTES, unit: "bytes" };
        return Err(Error::field("password", most));
    }
    if request.identifier.len() > MAX_IDENTIFIER_BYTES {
        let most = FieldProblem::TooLong { most: MAX_IDENTIFIER_BYTES, unit: "bytes" };
        return Err(Error::field("username", most));
    }
    // PostgreSQL can't hold it in a text, and one engine is not to know names that the other doesn't.
    if request.identifier.contains('\0') {
        return Err(Error::field("username", FieldProblem::InvalidCharacters));
    }
    Ok(())
}

async fn attempt(doorward: &Doorward, request: &LogIn<'_>) -> Result<LoggedIn, Error> {
    let found = user::find_for_login(doorward.database().reads(), request.identifier).await?;
    let checked = password::check(doorward, found.as_ref(), request.password).await?;
    let (Some(user), Checked::Right { stored, verdict }) = (found, checked) else {
        return Err(Error::InvalidCredentials);
    };
    if !user.is_enabled() {
        return Err(Error::AccountDisabled);
    }
    if doorward.settings().login.require_confirmed && user.confirmed != Some(true) {
        return Err(Error::EmailNotConfirmed);
    }
    password::renew_if_due(doorward, &user, &stored, verdict, request.password).await;

    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    // Read again under the write transaction: whoever was disabled or deleted while the password was
    // hashed does not get in.
    let user =
        user::find_by_id(&transaction, user.id).await?.filter(User::is_enabled).ok_or(Error::InvalidCredentials)?;
    // Whoever signs in has just shown who they are.
    let acting = doorward.acting_as(Actor::User(user.id));
    let event = Event::of(EventKind::LoggedIn, user.id);
    let recorded = audit::append_within(&acting, &transaction, event, now).await?;
    let with_cookie = doorward.settings().session.cookie;
    let begun = begin_within(doorward, &transaction, &user, &doorward.caller().client, with_cookie, now).await?;
    let tokens = token::issue_within(doorward, &transaction, &user, begun.id, &begun.session, now).await?;
    transaction.commit().await?;
    doorward.apply_all(&begun.ended);
    doorward.announce(&recorded);
    Ok(LoggedIn { user, tokens, cookie: begun.cookie })
}

/// Waits until the next multiple of `login.failure_time_ms` since the arrival: a failure that took
/// longer than one, because many came at once, still says nothing of its reason.
async fn wait_out(doorward: &Doorward, arrived: Instant) {
    let step = u128::from(doorward.settings().login.failure_time_ms);
    if step == 0 {
        return;
    }
    let steps = arrived.elapsed().as_millis() / step + 1;
    let wait = u64::try_from(steps * step).unwrap_or(u64::MAX);
    sleep_until(arrived + Duration::from_millis(wait)).await;
}
