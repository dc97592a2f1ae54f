use sea_orm::{ActiveValue::Set, DbErr, entity::prelude::*};

use super::{ActiveModel, Column, Entity, User, check_email, check_username, lookup_key};
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

/// Makes a user with all that is asked for, or nothing.
///
/// # Errors
/// [`Error::Invalid`] names the bad fields; [`Error::UsernameTaken`] and [`Error::EmailTaken`] where
/// another user has the same name or address, whatever its case and Unicode form.
pub async fn create(doorward: &Doorward, new: NewUser<'_>) -> Result<User, Error> {
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
        check("password", password::check_new(doorward.settings(), password));
    }
    if !bad.is_empty() {
        return Err(Error::Invalid(bad));
    }
    let hash = match &new.password {
        Some(password) => Some(password::hash_new(doorward, password.clone()).await?),
        None => None,
    };
    let now = doorward.now();
    let row = ActiveModel {
        username: Set(Some(new.username.into())),
        username_key: Set(Some(lookup_key(new.username).into())),
        email: Set(new.email.map(Into::into)),
        email_key: Set(new.email.map(|email| lookup_key(email).into())),
        password_hash: Set(hash.map(Into::into)),
        confirmed: Set(Some(new.confirmed)),
        member_since: Set(Some(now)),
        last_seen: Set(Some(now)),
        ..Default::default()
    };
    let transaction = doorward.database().begin().await?;
    refuse_unkeyed_twin(&transaction, &new).await?;
    let user =
        row.insert(&transaction).await.map_err(|error| taken(&error, new.email).unwrap_or_else(|| error.into()))?;
    for name in &new.roles {
        role::grant_within(&transaction, user.id, name, now).await?;
    }
    let event = Event::of(EventKind::UserCreated, user.id).with("roles", new.roles.clone());
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(user)
}

/// A row that the other application has just inserted has no key yet, so the keys' own index can't
/// refuse its exact twin; the spelling's index does for the same spelling, and this for the rest.
async fn refuse_unkeyed_twin(transaction: &Transaction, new: &NewUser<'_>) -> Result<(), Error> {
    if super::lookup_keys::is_unkeyed(transaction, Column::Username, Column::UsernameKey, new.username).await? {
        return Err(Error::UsernameTaken);
    }
    if let Some(email) = new.email
        && super::lookup_keys::is_unkeyed(transaction, Column::Email, Column::EmailKey, email).await?
    {
        return Err(Error::EmailTaken);
    }
    Ok(())
}

/// Which field another user has already, as the database's constraints tell.
fn taken(error: &DbErr, email: Option<&str>) -> Option<Error> {
    if !database::is_unique_violation(error) {
        return None;
    }
    let text = error.to_string();
    if email.is_some() && text.contains("email") {
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
