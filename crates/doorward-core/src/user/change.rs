use sea_orm::{ActiveValue::Set, QuerySelect, entity::prelude::*};

use super::{
    ActiveModel, Entity, User, check_email, check_username, create::taken, give_address, give_username,
    is_email_unkeyed, is_username_unkeyed, lookup_key, normal_email,
};
use crate::{
    Doorward, Error, FieldError, FieldProblem, audit,
    database::{LenientText, Transaction, UserId},
    event::{Event, EventKind},
    profile::Precondition,
};

/// The width of the columns `name` and `location`, in characters.
const COLUMN_WIDTH: usize = 64;

/// The most of `about_me`, in characters.
const ABOUT_WIDTH: usize = 4_096;

/// What an administrator changes of a user; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// Another user name.
    pub username: Option<String>,
    /// Another address, or none. It counts as not confirmed.
    pub email: Option<Option<String>>,
    /// The name shown to others.
    pub name: Option<Option<String>>,
    /// Where the user says to be.
    pub location: Option<Option<String>>,
    /// What the user says about themselves.
    pub about_me: Option<Option<String>>,
    /// The language of mails.
    pub language: Option<Option<String>>,
    /// Whether the next sign-in must choose another password.
    pub must_change_password: Option<bool>,
}

/// Changes a user's columns, in one transaction. Answers the user as it is then. Of two that are bound to the same
/// state, one happens.
///
/// # Errors
/// [`Error::UserNotFound`]; [`Error::PreconditionFailed`] where somebody else has changed it, and
/// [`Error::PreconditionRequired`] where a change must be bound and is not; [`Error::Invalid`] names the bad fields;
/// [`Error::UsernameTaken`] and [`Error::EmailTaken`].
pub async fn change(
    doorward: &Doorward,
    id: UserId,
    change: UserChange,
    precondition: &Precondition,
) -> Result<User, Error> {
    check(&change)?;
    precondition.check_given(doorward.settings())?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let before = Entity::find_by_id(id).lock_exclusive().one(&transaction).await?.ok_or(Error::UserNotFound)?;
    precondition.check_of(&transaction, &before).await?;
    refuse_unkeyed_twin(&transaction, &before, &change).await?;
    let mut row = ActiveModel { id: Set(id), ..Default::default() };
    let mut changed = Vec::new();
    let mut email_changed = false;
    let has_email = matches!(&change.email, Some(Some(_)));
    if let Some(username) = change.username.filter(|new| before.username.as_deref() != Some(new)) {
        give_username(&mut row, &username);
        changed.push("username");
    }
    if let Some(email) = change.email.filter(|new| before.email.as_deref() != new.as_deref()) {
        if let Some(email) = email {
            give_address(&mut row, &normal_email(&email));
        } else {
            row.email = Set(None);
            row.email_key = Set(None);
            row.avatar_hash = Set(None);
        }
        row.confirmed = Set(Some(false));
        changed.push("email");
        email_changed = true;
    }
    let texts = [
        ("name", change.name, &before.name, &mut row.name),
        ("location", change.location, &before.location, &mut row.location),
        ("about_me", change.about_me, &before.about_me, &mut row.about_me),
        ("language", change.language, &before.language, &mut row.language),
    ];
    for (field, new, old, column) in texts {
        if let Some(new) = new.filter(|new| old.as_deref() != new.as_deref()) {
            *column = Set(new.map(LenientText));
            changed.push(field);
        }
    }
    let must = change.must_change_password.filter(|must| before.must_change_password.unwrap_or(false) != *must);
    if let Some(must) = must {
        row.must_change_password = Set(Some(must));
        changed.push("must_change_password");
    }
    if changed.is_empty() {
        return Ok(before);
    }
    let user =
        row.update(&transaction).await.map_err(|error| taken(&error, has_email).unwrap_or_else(|| error.into()))?;
    let mut recorded = Vec::new();
    let mut events = vec![Event::of(EventKind::ProfileChanged, id).with("fields", changed)];
    if email_changed {
        events.push(Event::of(EventKind::EmailChanged, id));
    }
    if must == Some(true) {
        events.push(Event::of(EventKind::PasswordChangeRequired, id));
    }
    for event in events {
        recorded.push(audit::append_within(doorward, &transaction, event, now).await?);
    }
    transaction.commit().await?;
    doorward.announce_all(&recorded);
    Ok(user)
}

fn check(change: &UserChange) -> Result<(), Error> {
    let mut bad = Vec::new();
    let mut note = |field: &'static str, result: Result<(), FieldProblem>| {
        if let Err(problem) = result {
            bad.push(FieldError { field: field.into(), problem });
        }
    };
    if let Some(username) = &change.username {
        note("username", check_username(username));
    }
    if let Some(Some(email)) = &change.email {
        note("email", check_email(email));
    }
    for (field, text, most) in [
        ("name", &change.name, COLUMN_WIDTH),
        ("location", &change.location, COLUMN_WIDTH),
        ("about_me", &change.about_me, ABOUT_WIDTH),
    ] {
        if let Some(Some(text)) = text {
            note(field, check_text(text, most, field == "about_me"));
        }
    }
    if let Some(Some(language)) = &change.language
        && !["en", "zh"].contains(&language.as_str())
    {
        note("language", Err(FieldProblem::NotAllowed));
    }
    if bad.is_empty() { Ok(()) } else { Err(Error::Invalid(bad)) }
}

fn check_text(text: &str, most: usize, lines: bool) -> Result<(), FieldProblem> {
    if text.chars().count() > most {
        return Err(FieldProblem::TooLong { most, unit: "characters" });
    }
    if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\r' | '\t'))) {
        return Err(FieldProblem::InvalidCharacters);
    }
    Ok(())
}

async fn refuse_unkeyed_twin(transaction: &Transaction, before: &User, change: &UserChange) -> Result<(), Error> {
    // The user's own row may be one without a key.
    let others = |old: &Option<LenientText>, new: &str| old.as_deref().map(lookup_key) != Some(lookup_key(new));
    if let Some(username) = &change.username
        && others(&before.username, username)
        && is_username_unkeyed(transaction, username).await?
    {
        return Err(Error::UsernameTaken);
    }
    if let Some(Some(email)) = &change.email
        && others(&before.email, email)
        && is_email_unkeyed(transaction, email).await?
    {
        return Err(Error::EmailTaken);
    }
    Ok(())
}
