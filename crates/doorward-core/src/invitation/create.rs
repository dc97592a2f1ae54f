use doorward_guard::SessionId;
use sea_orm::{ActiveValue::Set, entity::prelude::*};
use serde_json::{Map, Value};

use super::{ActiveModel, Invitation};
use crate::{
    Doorward, Error, FieldProblem, audit,
    database::{StoredTime, Transaction},
    event::{Event, EventKind},
    mail::{self, Mail, Template},
    one_time_code::LinkToken,
    random_bytes, role,
    settings::RegistrationMode,
    user,
};

/// How long an invitation can be good, in seconds: ten minutes to a year.
const EXPIRATIONS: std::ops::RangeInclusive<u64> = 600..=365 * 24 * 60 * 60;

/// An invitation to be made.
#[derive(Debug, Clone, Default)]
pub struct NewInvitation<'a> {
    /// Whom to mail it to; the account will have this address, and it counts as confirmed.
    pub email: Option<&'a str>,
    /// A role that the account will have.
    pub role: Option<&'a str>,
    /// How long it is good, in seconds; otherwise `registration.invitation_expiration`.
    pub expires_in: Option<u64>,
    /// The language of the mail: `en` or `zh`.
    pub language: &'a str,
}

/// An invitation that was made. `Debug` shows no code.
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Its code and the link with it, where it was not mailed: told once.
    pub shown: Option<(String, String)>,
}

impl std::fmt::Debug for Invited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invited").field("invitation", &self.invitation).finish_non_exhaustive()
    }
}

/// Invites somebody: by mail where an address is given, by the code in the answer where none is.
///
/// # Errors
/// [`Error::RegistrationClosed`] where nobody could use it; [`Error::Invalid`]; [`Error::RoleNotFound`];
/// [`Error::EmailTaken`] where an account has the address.
pub async fn create(doorward: &Doorward, new: NewInvitation<'_>) -> Result<Invited, Error> {
    let settings = doorward.settings();
    if settings.registration.mode == RegistrationMode::Closed {
        return Err(Error::RegistrationClosed);
    }
    let email = new.email.map(user::normal_email);
    if let Some(email) = &email {
        user::check_email(email).map_err(|problem| Error::field("email", problem))?;
    }
    let expires_in = new.expires_in.unwrap_or(settings.registration.invitation_expiration);
    if !EXPIRATIONS.contains(&expires_in) {
        return Err(Error::field("expires_in", FieldProblem::OutOfRange));
    }
    let now = doorward.now();
    let expires_at = now.plus_seconds(i64::try_from(expires_in).unwrap_or(i64::MAX));
    let code = LinkToken::random(doorward, LinkToken::INVITATION);
    let transaction = doorward.database().begin().await?;
    if let Some(name) = new.role
        // PostgreSQL can't hold a NUL in a text.
        && (name.contains('\0') || role::Entity::find_by_id(name.to_owned()).one(&transaction).await?.is_none())
    {
        return Err(Error::RoleNotFound);
    }
    if let Some(email) = &email
        && user::find_by_email(&transaction, email).await?.is_some()
    {
        return Err(Error::EmailTaken);
    }
    let row = ActiveModel {
        id: Set(SessionId::new(u64::try_from(now.unix_ms()).unwrap_or_default(), random_bytes(doorward.randomness()))
            .to_string()),
        code_hash: Set(code.hash()),
        email: Set(email.clone()),
        role: Set(new.role.map(str::to_owned)),
        invited_by: Set(doorward.caller().actor.user_id()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        used_at: Set(None),
        user_id: Set(None),
    };
    let invitation = row.insert(&transaction).await?;
    let code = code.into_string();
    let link = mail::link(doorward, "/account/register", &code);
    let shown = match &email {
        Some(email) => {
            mail_within(doorward, &transaction, email, new.language, &link, expires_in, now).await?;
            None
        }
        None => Some((code, link)),
    };
    let event = Event::of_nobody(EventKind::Invited)
        .with("invitation", invitation.id.as_str())
        .with("role", invitation.role.clone());
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(Invited { invitation, shown })
}

async fn mail_within(
    doorward: &Doorward,
    transaction: &Transaction,
    recipient: &str,
    language: &str,
    link: &str,
    expires_in: u64,
    now: StoredTime,
) -> Result<(), Error> {
    let inviter = match doorward.caller().actor.user_id() {
        Some(id) => user::find_by_id(transaction, id).await?.and_then(|user| user.name.or(user.username)),
        None => None,
    };
    let inviter = inviter.map_or_else(|| doorward.settings().api.title.clone(), |name| name.0);
    let mut variables = Map::new();
    variables.insert("link".into(), link.into());
    variables.insert("inviter".into(), inviter.into());
    variables.insert("days".into(), Value::from(expires_in.div_ceil(24 * 60 * 60)));
    let mail = Mail { user_id: None, recipient, template: Template::Invitation, language, variables };
    mail::enqueue_within(doorward, transaction, mail, now).await
}
