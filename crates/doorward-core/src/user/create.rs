use sea_orm::{ActiveValue::Set, DbErr, entity::prelude::*};

use super::{
    ActiveModel, Entity, User, check_email, check_username, give_address, give_username, is_email_unkeyed,
    is_username_unkeyed, normal_email,
};
use crate::{
    Doorward, Error, FieldError, audit,
    database::{self, DatabaseFailure, Transaction},
    event::{Event, EventKind},
    password::{self, NewPassword},
    role,
};

/// A user to be made by an operator.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    /// The user name.
    pub username: &'a str,
    /// The e-mail address.
    pub email: Option<&'a str>,
    /// The password; `None` for a user who can't sign in yet.
    pub password: Option<NewPassword>,
    /// Whether the address counts as confirmed.
    pub confirmed: bool,
    /// Roles to grant at once.
    pub roles: Vec<String>,
}

/// Makes a service: a user without password or address, who has API keys only.
///
/// # Errors
/// As [`create`].
pub async fn create_service(doorward: &Doorward, name: &str, roles: Vec<String>) -> Result<User, Error> {
    let new = NewUser { username: name, email: None, password: None, confirmed: false, roles };
    insert(doorward, new, true).await
}

/// Makes a user with all that is asked for, or nothing.
///
/// # Errors
/// [`Error::Invalid`] names the bad fields; [`Error::UsernameTaken`] and [`Error::EmailTaken`] where
/// another user has the same name or address, whatever its case and Unicode form.
pub async fn create(doorward: &Doorward, new: NewUser<'_>) -> Result<User, Error> {
    insert(doorward, new, false).await
}

async fn insert(doorward: &Doorward, new: NewUser<'_>, service: bool) -> Result<User, Error> {
    let mut row = prepare(doorward, &new).await?;
    row.service = Set(service.then_some(true));
    let transaction = doorward.database().begin().await?;
    let (user, recorded) = create_within(doorward, &transaction, row, &new).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(user)
}

/// What can be done before a transaction begins: checks, and the hash.
pub(super) async fn prepare(doorward: &Doorward, new: &NewUser<'_>) -> Result<ActiveModel, Error> {
    let mut bad = Vec::new();
    let mut check = |field: &'static str, result: Result<(), crate::FieldProblem>| {
        if let Err(problem) = result {
            bad.push(FieldError { field: field.into(), problem });
        }
    };
    check("username", check_username(new.username));
    if let Some(email) = new.email {
        check("email", check_email(email));
    }
    if let Some(password) = &new.password {
        let about = [new.username, new.email.unwrap_or_default()];
        match password::check_new(doorward, "password", password, &about).await {
            Err(Error::Invalid(more)) => bad.extend(more),
            checked => checked?,
        }
    }
    if !bad.is_empty() {
        return Err(Error::Invalid(bad));
    }
    let hash = match &new.password {
        Some(password) => Some(password::hash_new(doorward, password.clone()).await?),
        None => None,
    };
    let now = doorward.now();
    let mut row = ActiveModel {
        password_hash: Set(hash.map(Into::into)),
        confirmed: Set(Some(new.confirmed)),
        member_since: Set(Some(now)),
        last_seen: Set(Some(now)),
        ..Default::default()
    };
    give_username(&mut row, new.username);
    if let Some(email) = new.email {
        give_address(&mut row, &normal_email(email));
    }
    Ok(row)
}

/// The rows and the event of it.
pub(super) async fn create_within(
    doorward: &Doorward,
    transaction: &Transaction,
    row: ActiveModel,
    new: &NewUser<'_>,
) -> Result<(User, audit::Recorded), Error> {
    let now = doorward.now();
    refuse_unkeyed_twin(transaction, new).await?;
    let user = row
        .insert(transaction)
        .await
        .map_err(|error| taken(&error, new.email.is_some()).unwrap_or_else(|| error.into()))?;
    for name in &new.roles {
        role::grant_within(transaction, user.id, name, now).await?;
    }
    let event = Event::of(EventKind::UserCreated, user.id).with("roles", new.roles.clone());
    let recorded = audit::append_within(doorward, transaction, event, now).await?;
    Ok((user, recorded))
}

/// A row that the other application has just inserted has no key yet, so the keys' own index can't
/// refuse its exact twin; the spelling's index does for the same spelling, and this for the rest.
async fn refuse_unkeyed_twin(transaction: &Transaction, new: &NewUser<'_>) -> Result<(), Error> {
    if is_username_unkeyed(transaction, new.username).await? {
        return Err(Error::UsernameTaken);
    }
    if let Some(email) = new.email
        && is_email_unkeyed(transaction, email).await?
    {
        return Err(Error::EmailTaken);
    }
    Ok(())
}

/// Which field another user has already, as the database's constraints tell.
pub(crate) fn taken(error: &DbErr, has_email: bool) -> Option<Error> {
    if !database::is_unique_violation(error) {
        return None;
    }
    let text = error.to_string();
    if has_email && text.contains("email") {
        Some(Error::EmailTaken)
    } else if text.contains("username") {
        Some(Error::UsernameTaken)
    } else {
        // The id itself: the table's sequence is behind its rows.
        Some(Error::Internal(DatabaseFailure::from(DbErr::Custom(text)).to_string()))
    }
}

/// Whether the table has no user at all.
pub(super) async fn is_empty(doorward: &Doorward) -> Result<bool, Error> {
    Ok(Entity::find().one(doorward.database().reads()).await?.is_none())
}
