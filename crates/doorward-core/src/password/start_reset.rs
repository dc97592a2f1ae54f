use serde_json::{Map, json};
use tokio::time::Instant;

use crate::{
    Doorward, Error, FieldProblem,
    audit::{self, Recorded},
    database::{StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    mail::{self, Mail, Template},
    one_time_code::{self, Purpose},
    session::wait_out,
    throttle,
    user::{self, User},
};

/// How long a user who was just mailed a link is not mailed another, in seconds.
const MAIL_AGAIN_SECONDS: i64 = 60;
/// The longest name or address that is looked up, in bytes: 64 characters of four.
const MAX_IDENTIFIER_BYTES: usize = 256;

/// Mails a link to choose another password to whom `identifier` names, by user name or address. The answer is the
/// same, at the same distance from `arrived`, whether there is such a user.
///
/// # Errors
/// [`Error::Invalid`] where the identifier can't be one; [`Error::Unavailable`], for known and unknown users.
pub async fn forgot(doorward: &Doorward, identifier: &str, arrived: Instant) -> Result<(), Error> {
    if identifier.len() > MAX_IDENTIFIER_BYTES {
        let most = FieldProblem::TooLong { most: MAX_IDENTIFIER_BYTES, unit: "bytes" };
        return Err(Error::field("username", most));
    }
    if identifier.contains('\0') {
        return Err(Error::field("username", FieldProblem::InvalidCharacters));
    }
    throttle::count_request(doorward, throttle::Purpose::Forgot, &user::lookup_key(identifier)).await?;
    let answer = mail_if_known(doorward, identifier).await;
    wait_out(doorward, arrived).await;
    answer
}

async fn mail_if_known(doorward: &Doorward, identifier: &str) -> Result<(), Error> {
    let now = doorward.now();
    let found = user::find_for_login(doorward.database().reads(), identifier).await?;
    let transaction = doorward.database().begin().await?;
    let mut recorded = None;
    if let Some(user) = found.filter(|user| can_be_mailed(user, now)) {
        let since = now.plus_seconds(-MAIL_AGAIN_SECONDS);
        if !one_time_code::issued_since(&transaction, user.id, Purpose::ResetPassword, since).await? {
            recorded = Some(mail_link_within(doorward, &transaction, &user, now).await?);
        }
    }
    if recorded.is_none() {
        // Who can't write must not tell by it whether there is such a user.
        let event = Event::of_nobody(EventKind::PasswordResetRequested);
        recorded = Some(audit::append_within(doorward, &transaction, event, now).await?);
    }
    transaction.commit().await?;
    recorded.iter().for_each(|recorded| doorward.announce(recorded));
    Ok(())
}

/// Mails the user a link to choose another password, for an administrator or operator, who doesn't get to know it
/// (ASVS 5.0 V6.4.6). What the user has goes on until the link is used.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::Invalid`] of `email` where the user has no address; [`Error::AccountDisabled`].
pub async fn start_reset(doorward: &Doorward, id: UserId) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let user = user::find_by_id(&transaction, id).await?.ok_or(Error::UserNotFound)?;
    if !user.is_enabled(now) {
        return Err(Error::AccountDisabled);
    }
    if !can_be_mailed(&user, now) {
        return Err(Error::field("email", FieldProblem::Required));
    }
    let recorded = mail_link_within(doorward, &transaction, &user, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}

fn can_be_mailed(user: &User, now: StoredTime) -> bool {
    user.is_enabled(now) && user.service != Some(true) && user.email.as_deref().is_some_and(|email| !email.is_empty())
}

/// Issues the link and mails it, to the address that the user has now.
pub(crate) async fn mail_link_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: &User,
    now: StoredTime,
) -> Result<Recorded, Error> {
    let recipient = user.email.as_deref().unwrap_or_default();
    let lifetimes = Purpose::ResetPassword.lifetimes();
    let issued =
        one_time_code::issue_within(doorward, transaction, user.id, Purpose::ResetPassword, Some(recipient), lifetimes)
            .await?;
    let mail = Mail {
        user_id: Some(user.id),
        recipient,
        template: Template::ResetPassword,
        language: user.mail_language(),
        variables: Map::from_iter([
            ("link".to_owned(), json!(mail::link(doorward, "/account/password/reset", &issued.link_token))),
            ("minutes".to_owned(), json!(lifetimes.link_seconds / 60)),
        ]),
    };
    mail::enqueue_within(doorward, transaction, mail, now).await?;
    audit::append_within(doorward, transaction, Event::of(EventKind::PasswordResetRequested, user.id), now).await
}
