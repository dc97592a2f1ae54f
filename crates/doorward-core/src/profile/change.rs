use sea_orm::{ActiveValue::Set, QuerySelect, entity::prelude::*};
use serde_json::{Map, Value};

use super::{Audience, Precondition};
use crate::{
    Doorward, Error, FieldError, FieldProblem, audit,
    database::{LenientText, Transaction, UserId},
    event::{Event, EventKind},
    user::{self, ActiveModel, User},
};

/// The width of `name` and `location`, in characters.
const SHORT: usize = 64;
/// The most of `about_me`, whose column has no width, in characters.
const LONG: usize = 4_096;
/// The most of all the application's fields of one user, in bytes of JSON.
const EXTRA_BYTES: usize = 16_384;

/// A change of a profile. A member that is `None` stays; what is set to `None` is cleared.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The user name.
    pub username: Option<String>,
    /// The name shown to others.
    pub name: Option<Option<String>>,
    /// Where the user says to be.
    pub location: Option<Option<String>>,
    /// What the user says about themselves.
    pub about_me: Option<Option<String>>,
    /// The language of mails: `en` or `zh`.
    pub language: Option<Option<String>>,
    /// The application's fields, as a merge patch (RFC 7396).
    pub extra: Option<Map<String, Value>>,
}

/// Changes a profile, and answers the user as it is then. Of two that are bound to the same state, one
/// happens.
///
/// # Errors
/// [`Error::PreconditionFailed`] where somebody else has changed it; [`Error::PreconditionRequired`] where a
/// change must be bound and is not; [`Error::Invalid`] names the bad fields; [`Error::UsernameTaken`].
pub async fn change(
    doorward: &Doorward,
    id: UserId,
    change: ProfileChange,
    precondition: &Precondition,
    audience: Audience,
) -> Result<User, Error> {
    check(&change)?;
    precondition.check_given(doorward.settings())?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let user = user::Entity::find_by_id(id).lock_exclusive().one(&transaction).await?.ok_or(Error::UserNotFound)?;
    precondition.check_of(&transaction, &user).await?;
    let (row, columns) = changed_row(doorward, &transaction, &user, change, audience).await?;
    if columns.is_empty() {
        return Ok(user);
    }
    let user = row.update(&transaction).await.map_err(|error| user::taken(&error, false).unwrap_or(error.into()))?;
    let event = Event::of(EventKind::ProfileChanged, id).with("columns", columns);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(user)
}

/// The row with what differs, and the names of it.
async fn changed_row(
    doorward: &Doorward,
    transaction: &Transaction,
    user: &User,
    change: ProfileChange,
    audience: Audience,
) -> Result<(ActiveModel, Vec<String>), Error> {
    let mut row = ActiveModel { id: Set(user.id), ..Default::default() };
    let mut columns = Vec::new();
    if let Some(username) = change.username
        && user.username.as_deref() != Some(&username)
    {
        let key = user::lookup_key(&username);
        let is_own_key = user.username.as_deref().is_some_and(|own| user::lookup_key(own) == key);
        if !is_own_key && user::is_username_unkeyed(transaction, &username).await? {
            return Err(Error::UsernameTaken);
        }
        user::give_username(&mut row, &username);
        columns.push("username".to_owned());
    }
    for (name, wanted, present, place) in [
        ("name", change.name, &user.name, &mut row.name),
        ("location", change.location, &user.location, &mut row.location),
        ("about_me", change.about_me, &user.about_me, &mut row.about_me),
        ("language", change.language, &user.language, &mut row.language),
    ] {
        if let Some(wanted) = wanted
            && wanted.as_deref() != present.as_deref()
        {
            *place = Set(wanted.map(LenientText::from));
            columns.push(name.to_owned());
        }
    }
    if let Some(changes) = &change.extra {
        let Some(schema) = doorward.profile_schema() else {
            return Err(Error::field("extra", FieldProblem::Unknown));
        };
        let present = user.extra_fields();
        let fields = schema.changed(present.clone(), changes, audience)?;
        let differing = changes.keys().filter(|name| fields.get(*name) != present.get(*name));
        let differing: Vec<_> = differing.map(|name| format!("extra.{name}")).collect();
        if !differing.is_empty() {
            let text = Value::Object(fields).to_string();
            if text.len() > EXTRA_BYTES {
                return Err(Error::field("extra", FieldProblem::TooLong { most: EXTRA_BYTES, unit: "bytes" }));
            }
            row.extra = Set(Some(text.into()));
            columns.extend(differing);
        }
    }
    Ok((row, columns))
}

fn check(change: &ProfileChange) -> Result<(), Error> {
    let mut bad = Vec::new();
    let mut check = |field: &'static str, result: Result<(), FieldProblem>| {
        if let Err(problem) = result {
            bad.push(FieldError { field: field.into(), problem });
        }
    };
    if let Some(username) = &change.username {
        check("username", user::check_username(username));
    }
    for (field, text, most) in
        [("name", &change.name, SHORT), ("location", &change.location, SHORT), ("about_me", &change.about_me, LONG)]
    {
        if let Some(Some(text)) = text {
            check(field, check_text(text, most, field == "about_me"));
        }
    }
    if let Some(Some(language)) = &change.language {
        let known = matches!(language.as_str(), "en" | "zh");
        check("language", if known { Ok(()) } else { Err(FieldProblem::NotAllowed) });
    }
    if bad.is_empty() { Ok(()) } else { Err(Error::Invalid(bad)) }
}

fn check_text(text: &str, most: usize, lines: bool) -> Result<(), FieldProblem> {
    if text.chars().count() > most {
        return Err(FieldProblem::TooLong { most, unit: "characters" });
    }
    let breaks = |c: char| lines && matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(|c| (c.is_control() && !breaks(c)) || turns_around(c)) {
        return Err(FieldProblem::InvalidCharacters);
    }
    Ok(())
}

/// What makes the text after it run the other way (Unicode Standard §23.2): around a name it would turn the
/// page around it.
fn turns_around(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
