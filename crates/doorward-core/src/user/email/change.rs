use doorward_guard::{Denied, Identity};
use serde_json::{Map, json};
use tokio::time::Instant;

use crate::{
    Doorward, Error, FieldProblem, audit,
    database::UserId,
    event::{Event, EventKind},
    mail::{self, Mail, Template},
    one_time_code::{self, Purpose},
    session::{self, wait_out},
    throttle,
    user::{self, User, check_email, email_key, find_for_login},
};

/// How long a user who has just asked can't ask again, in seconds: each mail goes to whatever address was given.
const ASK_AGAIN_SECONDS: i64 = 60;

/// Asks for another address of the caller's own account: a mail goes there with what confirms it. Until then
/// nothing changes. An address that another account has gets no mail, and the answer is the same.
///
/// # Errors
/// Those of [`session::require_recent_proof`]; [`Error::Invalid`] of `email`; [`Error::TooManyTries`] within a minute.
pub async fn change_email(
    doorward: &Doorward,
    identity: &Identity,
    password: Option<&str>,
    email: &str,
    arrived: Instant,
) -> Result<(), Error> {
    check_email(email).map_err(|problem| Error::field("email", problem))?;
    session::require_recent_proof(doorward, identity, password).await?;
    throttle::count_request(doorward, throttle::Purpose::EmailChange, &identity.user_id.to_string()).await?;
    let answer = mail_code(doorward, UserId(identity.user_id), email).await;
    wait_out(doorward, arrived).await;
    answer
}

async fn mail_code(doorward: &Doorward, id: UserId, email: &str) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let user = user::find_by_id(&transaction, id)
        .await?
        .filter(|user: &User| user.is_enabled(now))
        .ok_or(Denied::UserUnknown)?;
    if user.email.as_deref() == Some(email) {
        return Err(Error::field("email", FieldProblem::NotAllowed));
    }
    let since = now.plus_seconds(1 - ASK_AGAIN_SECONDS);
    if one_time_code::issued_since(&transaction, id, Purpose::ChangeEmail, since).await? {
        return Err(Error::TooManyTries { retry_after: u32::try_from(ASK_AGAIN_SECONDS).unwrap_or(60) });
    }
    let lifetimes = Purpose::ChangeEmail.lifetimes();
    let issued =
        one_time_code::issue_within(doorward, &transaction, id, Purpose::ChangeEmail, Some(email), lifetimes).await?;
    let holders = user::holders_of(&transaction, &[email_key(email)]).await?;
    let spelled = find_for_login(&transaction, email).await?;
    let is_free = holders.into_iter().chain(spelled.map(|user| user.id)).all(|holder| holder == id);
    if is_free {
        let mail = Mail {
            user_id: Some(id),
            recipient: email,
            template: Template::ConfirmNewEmail,
            language: user.mail_language(),
            variables: Map::from_iter([
                ("link".to_owned(), json!(mail::link(doorward, "/account/email/confirm", &issued.link_token))),
                ("code".to_owned(), json!(issued.typed_code)),
                ("minutes".to_owned(), json!(lifetimes.typed_seconds.map(|seconds| seconds / 60))),
                ("hours".to_owned(), json!(lifetimes.link_seconds / 3600)),
            ]),
        };
        mail::enqueue_within(doorward, &transaction, mail, now).await?;
    }
    let event = Event::of(EventKind::EmailChangeRequested, id);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}
