use sea_orm::{ActiveValue::Set, ConnectionTrait, entity::prelude::*};
use tokio::time::Instant;

use super::{email, pending};
use crate::{
    Doorward, Error, FieldError, FieldProblem, Language,
    audit::{self, Recorded},
    database::{StoredTime, Transaction},
    event::{Event, EventKind},
    hook,
    invitation::{self, Invitation},
    password::{self, NewPassword},
    role, session,
    settings::{Asked, RegistrationMode, Settings},
    throttle::{self, Purpose},
    user::{self, User},
};

/// Who wants an account. `Debug` shows no password.
pub struct Register<'a> {
    /// The user name.
    pub username: Option<&'a str>,
    /// The e-mail address.
    pub email: Option<&'a str>,
    /// The password.
    pub password: NewPassword,
    /// The code of an invitation.
    pub invitation: Option<&'a str>,
    /// The language of mails.
    pub language: Language,
    /// When the request arrived.
    pub arrived: Instant,
}

impl std::fmt::Debug for Register<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Register").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What whoever registered is told: the same whether the address has an account or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The user name.
    pub username: Option<String>,
    /// The address as it will be kept.
    pub email: Option<String>,
    /// Whether the address must be confirmed by the mail that was sent to it.
    pub confirmation_needed: bool,
}

/// Makes an account for whoever asks, as `registration.mode` allows. Where the address has an account
/// already, its owner is told by mail; the answer and its cost are the same.
///
/// # Errors
/// [`Error::Invalid`] names the bad fields; [`Error::UsernameTaken`] where another has the name, or one
/// that can be taken for it; [`Error::RegistrationClosed`]; [`Error::InvitationInvalid`];
/// [`Error::EmailTaken`] to whoever was invited by mail to that address; [`Error::Vetoed`];
/// [`Error::Busy`].
pub async fn register(doorward: &Doorward, request: Register<'_>) -> Result<Registered, Error> {
    let arrived = request.arrived;
    let result = attempt(doorward, request).await;
    let outcome = result.as_ref().map_or_else(Error::name, |_| "success");
    metrics::counter!("doorward_registrations_total", "outcome" => outcome).increment(1);
    if result.is_ok() {
        // A mail to an owner and a mail to a newcomer don't take the same time to write.
        session::wait_out(doorward, arrived).await;
    }
    result
}

/// What was asked for, in the form in which it is kept.
struct Wanted {
    username: Option<String>,
    email: Option<String>,
    password: NewPassword,
    language: &'static str,
}

async fn attempt(doorward: &Doorward, request: Register<'_>) -> Result<Registered, Error> {
    let settings = doorward.settings();
    let reads = doorward.database().reads();
    if settings.registration.mode == RegistrationMode::Closed {
        return Err(Error::RegistrationClosed);
    }
    let invitation = match request.invitation {
        Some(code) => {
            Some(invitation::find_usable(reads, code, doorward.now()).await?.ok_or(Error::InvitationInvalid)?)
        }
        None if settings.registration.mode == RegistrationMode::Invite => return Err(Error::RegistrationClosed),
        None => None,
    };
    let wanted = read(settings, &request, invitation.as_ref())?;
    let key = wanted.email.as_deref().map(user::email_key).or(wanted.username.as_deref().map(user::lookup_key));
    throttle::count_request(doorward, Purpose::Register, &key.unwrap_or_default()).await?;
    let about: Vec<&str> = [&wanted.username, &wanted.email].into_iter().flatten().map(String::as_str).collect();
    password::check_new(doorward, "password", &wanted.password, &about).await?;
    if let Some(username) = &wanted.username
        && is_taken(reads, username).await?
    {
        return Err(Error::UsernameTaken);
    }
    let asked = hook::Registration {
        username: wanted.username.as_deref(),
        email: wanted.email.as_deref(),
        caller: doorward.caller(),
    };
    doorward.hooks().before_register(&asked).await?;
    let hash = password::hash_new(doorward, wanted.password.clone()).await?;

    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let (registered, recorded) =
        write(doorward, &transaction, &wanted, hash, request.invitation.zip(invitation.as_ref()), now).await?;
    transaction.commit().await?;
    doorward.announce_all(&recorded);
    Ok(registered)
}

fn read(settings: &Settings, request: &Register<'_>, invitation: Option<&Invitation>) -> Result<Wanted, Error> {
    let rules = &settings.registration;
    let mut bad = Vec::new();
    let mut refuse = |field: &'static str, problem| bad.push(FieldError { field: field.into(), problem });

    let username = request.username.map(user::normal_username);
    let invited = invitation.and_then(|invitation| invitation.email.as_deref());
    let email = request.email.or(invited).map(user::normal_email);
    for (field, given, asked) in
        [("username", username.is_some(), rules.username), ("email", email.is_some(), rules.email)]
    {
        match asked {
            Asked::Required if !given => refuse(field, FieldProblem::Required),
            // An invitation by mail brings its address along.
            Asked::Never if given && !(field == "email" && invited.is_some()) => {
                refuse(field, FieldProblem::NotAllowed);
            }
            _ => {}
        }
    }
    if username.is_none() && email.is_none() && rules.username != Asked::Required && rules.email != Asked::Required {
        refuse("username", FieldProblem::Required);
    }
    if let Some(username) = &username
        && let Err(problem) = user::check_chosen_username(username, &rules.reserved_names)
    {
        refuse("username", problem);
    }
    if let Some(email) = &email {
        match user::check_chosen_email(email) {
            Err(problem) => refuse("email", problem),
            Ok(()) if invited.is_some_and(|invited| user::email_key(invited) != user::email_key(email)) => {
                refuse("email", FieldProblem::NotAllowed);
            }
            Ok(()) if invitation.is_none() && !domain_is_allowed(settings, email) => {
                refuse("email", FieldProblem::DomainNotAllowed);
            }
            Ok(()) => {}
        }
    }
    if !bad.is_empty() {
        return Err(Error::Invalid(bad));
    }
    Ok(Wanted { username, email, password: request.password.clone(), language: language_word(request.language) })
}

fn language_word(language: Language) -> &'static str {
    match language {
        Language::Chinese => "zh",
        Language::Flask | Language::English => "en",
    }
}

fn domain_is_allowed(settings: &Settings, email: &str) -> bool {
    let rules = &settings.registration;
    if rules.mode != RegistrationMode::Domain {
        return true;
    }
    let Some(domain) = user::email_domain(email) else { return false };
    let is_it = |allowed: &String| {
        user::email_domain(&format!("@{}", allowed.trim_start_matches('@'))).as_ref() == Some(&domain)
    };
    rules.domains.iter().any(is_it)
}

async fn is_taken(connection: &impl ConnectionTrait, username: &str) -> Result<bool, Error> {
    Ok(user::has_username_like(connection, username).await? || user::is_username_unkeyed(connection, username).await?)
}

async fn write(
    doorward: &Doorward,
    transaction: &Transaction,
    wanted: &Wanted,
    hash: String,
    invitation: Option<(&str, &Invitation)>,
    now: StoredTime,
) -> Result<(Registered, Vec<Recorded>), Error> {
    let invited = match invitation {
        // Read again under the lock: it is good once.
        Some((code, _)) => {
            Some(invitation::lock_usable(transaction, code, now).await?.ok_or(Error::InvitationInvalid)?)
        }
        None => None,
    };
    // Whoever has the code of an invitation by mail has shown that the address is theirs.
    let is_shown = invited.as_ref().is_some_and(|invitation| invitation.email.is_some());
    let user = insert(doorward, transaction, wanted, hash, is_shown, now).await?;
    let mut event = Event::of(EventKind::Registered, user.id);
    if let Some(invitation) = &invited {
        invitation::use_up_within(transaction, invitation, user.id, now).await?;
        event = event.with("invitation", invitation.id.as_str());
        if let Some(role) = &invitation.role {
            match role::grant_within(transaction, user.id, role, now).await {
                // Deleted since: the invitation is for something that is no more.
                Err(Error::RoleNotFound) => return Err(Error::InvitationInvalid),
                other => other?,
            };
            event = event.with("role", role.as_str());
        }
    }
    let confirmation_needed = wanted.email.is_some() && !is_shown;
    let mut events = vec![event];
    if let Some(address) = &wanted.email
        && confirmation_needed
    {
        if pending::is_flooded(transaction, user.id, address, now).await? {
            tracing::warn!("an address is registered again and again; no mail is sent to it");
        } else if let Some(owner) = email::confirmation_within(doorward, transaction, &user, address, now).await? {
            events.push(Event::of(EventKind::RegisteredAgain, owner.id));
        }
    }
    let recorded = audit::append_all_within(doorward, transaction, events, now).await?;
    let registered = Registered { username: wanted.username.clone(), email: wanted.email.clone(), confirmation_needed };
    Ok((registered, recorded))
}

async fn insert(
    doorward: &Doorward,
    transaction: &Transaction,
    wanted: &Wanted,
    hash: String,
    is_shown: bool,
    now: StoredTime,
) -> Result<User, Error> {
    if let Some(username) = &wanted.username
        && user::is_username_unkeyed(transaction, username).await?
    {
        return Err(Error::UsernameTaken);
    }
    let address = wanted.email.as_deref();
    if is_shown
        && let Some(address) = address
        && user::is_email_unkeyed(transaction, address).await?
    {
        return Err(Error::EmailTaken);
    }
    let (now_its, pending) = if is_shown { (address, None) } else { (None, address) };
    let username = wanted.username.as_deref();
    let mut row = user::ActiveModel {
        password_hash: Set(Some(hash.into())),
        confirmed: Set(Some(is_shown)),
        member_since: Set(Some(now)),
        last_seen: Set(Some(now)),
        language: Set(Some(wanted.language.into())),
        ..Default::default()
    };
    if let Some(name) = username {
        user::give_username(&mut row, name);
    }
    if let Some(address) = now_its {
        user::give_address(&mut row, address);
    }
    if let Some(address) = pending {
        pending::wait_for(&mut row, address, doorward.settings().registration.confirm_within, now);
    }
    row.insert(transaction)
        .await
        .map_err(|error| user::taken(&error, now_its.is_some()).unwrap_or_else(|| error.into()))
}
