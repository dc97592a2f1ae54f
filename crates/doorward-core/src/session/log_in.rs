use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{
    Beginning, EndReason,
    begin::{begin_within, make_room_within},
    end_all_within, new_device, renew_within, standing,
};
use crate::{
    Actor, Caller, Doorward, Error, FieldProblem, audit,
    database::UserId,
    event::{Event, EventKind},
    hook::SignIn,
    old_application,
    password::{self, Checked, MAX_PASSWORD_BYTES, Replacement},
    throttle::{self, DeviceToken, Try},
    token::{self, IssuedTokens, Owner},
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
    /// Another password, where an administrator asked for one: [`Error::PasswordChangeRequired`].
    pub new_password: Option<&'a str>,
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
    /// What the device shows from now on, so that strangers' failures don't make it wait.
    pub device: Option<DeviceToken>,
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
/// [`Error::EmailNotConfirmed`] and, by the application's hook, [`Error::Vetoed`]; [`Error::TooManyTries`], alike for
/// names that have an account and names that have none; [`Error::Busy`] and [`Error::Unavailable`] where it can't be
/// told now.
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
    let device = throttle::recognise(doorward, found.as_ref()).await?;
    doorward.hashing().check_room()?;
    let key = user::lookup_key(request.identifier);
    throttle::check_challenge(doorward, &key, device.as_ref()).await?;
    let counted = throttle::check_login(doorward, &key, device.as_ref()).await?;
    let found = match old_application::take_over(doorward, found, request.identifier, request.password).await {
        Ok(found) => found,
        Err(error) => {
            counted.undecided(doorward).await?;
            return Err(error);
        }
    };
    let checked = match password::check(doorward, found.as_ref(), request.password).await {
        Ok(checked) => checked,
        Err(error) => {
            counted.undecided(doorward).await?;
            return Err(error);
        }
    };
    let (Some(user), Checked::Right { stored, verdict }) = (&found, checked) else {
        record_failure(doorward, found.map(|user| user.id), "credentials", &counted).await?;
        return Err(Error::InvalidCredentials);
    };
    let refused = if !user.is_enabled(doorward.now()) {
        Some(Error::AccountDisabled)
    } else if doorward.settings().login.require_confirmed && user.confirmed != Some(true) {
        Some(Error::EmailNotConfirmed)
    } else {
        doorward.hooks().before_login(&SignIn { user, caller: doorward.caller() }).await.err().map(Error::from)
    };
    if let Some(error) = refused {
        counted.succeeded(doorward).await?;
        record_failure(doorward, Some(user.id), error.name(), &counted).await?;
        return Err(error);
    }
    let chosen = match password::chosen_at_sign_in(doorward, user, request.password, request.new_password).await {
        Ok(chosen) => chosen,
        Err(error) => {
            counted.succeeded(doorward).await?;
            return Err(error);
        }
    };
    if chosen.is_none() {
        password::renew_if_due(doorward, user, &stored, verdict, request.password).await;
    }

    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    // Read again under the write transaction: whoever was disabled or deleted while the password was
    // hashed does not get in.
    let standing = standing::read_within(&transaction, user.id, &doorward.caller().client, now)
        .await?
        .filter(|standing| standing.user.is_enabled(now))
        .ok_or(Error::InvalidCredentials)?;
    let user = &standing.user;
    counted.succeeded_within(doorward, &transaction).await?;
    let device = throttle::trust_within(doorward, &transaction, user.id, device.as_ref(), now).await?;
    // Whoever signs in has just shown who they are.
    let acting = doorward.acting_as(Actor::User(user.id));
    let mut recorded = Vec::new();
    if let Some(hash) = &chosen {
        let replacement = Replacement { kind: EventKind::PasswordChanged, must_change: false };
        // The device has just become one of those that are trusted.
        let acting = acting.on_behalf_of(Caller { device: device.clone(), ..acting.caller().clone() });
        recorded.push(password::replace_within(&acting, &transaction, user, hash.clone(), replacement, now).await?);
    }
    let event = Event::of(EventKind::LoggedIn, user.id);
    recorded.push(audit::append_within(&acting, &transaction, event, now).await?);
    if chosen.is_some() {
        let (_, revoked) = end_all_within(&transaction, user.id, EndReason::PasswordChanged, now).await?;
        let logged_in = renew_within(doorward, &transaction, user.id, now).await?;
        transaction.commit().await?;
        doorward.apply(&revoked);
        doorward.announce_all(&recorded);
        return Ok(LoggedIn { device, ..logged_in });
    }
    recorded.extend(new_device::tell_within(&acting, &transaction, &standing, now).await?);
    let beginning = Beginning::by_sign_in(doorward);
    let ended = make_room_within(doorward, &transaction, &standing, now).await?;
    let begun = begin_within(doorward, &transaction, user, &doorward.caller().client, beginning, now).await?;
    let owner = Owner { user, roles: &standing.roles };
    let tokens = token::issue_within(doorward, &transaction, owner, begun.id, &begun.session, now).await?;
    transaction.commit().await?;
    doorward.apply_all(&ended);
    doorward.announce_all(&recorded);
    Ok(LoggedIn { user: standing.user, tokens, cookie: begun.cookie, device })
}

/// What failed, for the audit: one row, whether there is such a user or not, and never what was typed as a
/// name, which may be a password in the wrong place.
async fn record_failure(
    doorward: &Doorward,
    user: Option<UserId>,
    reason: &'static str,
    counted: &Try,
) -> Result<(), Error> {
    let event = |kind| user.map_or_else(|| Event::of_nobody(kind), |id| Event::of(kind, id));
    let mut events = vec![event(EventKind::LoginFailed).with("reason", reason)];
    let waiting = counted.began_to_wait();
    if reason == "credentials" && !waiting.is_empty() {
        events.push(event(EventKind::LoginThrottled).with("scopes", waiting));
    }
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let mut recorded = Vec::new();
    for event in events {
        recorded.push(audit::append_within(doorward, &transaction, event, now).await?);
    }
    transaction.commit().await?;
    doorward.announce_all(&recorded);
    Ok(())
}

/// Waits until the next multiple of `login.failure_time_ms` since the arrival: an answer that took
/// longer than one, because many came at once, still says nothing of its reason.
pub(crate) async fn wait_out(doorward: &Doorward, arrived: Instant) {
    let step = u128::from(doorward.settings().login.failure_time_ms);
    if step == 0 {
        return;
    }
    let steps = arrived.elapsed().as_millis() / step + 1;
    let wait = u64::try_from(steps * step).unwrap_or(u64::MAX);
    sleep_until(arrived + Duration::from_millis(wait)).await;
}
