use super::{
    NewUser, User,
    create::{create_within, prepare},
};
use crate::{Doorward, Error, FieldProblem, password};

/// Makes a user without a password, and mails the link to choose one: an administrator does not choose
/// it. Both or neither.
///
/// # Errors
/// As [`super::create`]; [`Error::Invalid`] names `email` where there is none to mail to.
pub async fn create_and_mail(doorward: &Doorward, new: NewUser<'_>) -> Result<User, Error> {
    if new.email.is_none() {
        return Err(Error::field("email", FieldProblem::Required));
    }
    let new = NewUser { password: None, ..new };
    let row = prepare(doorward, &new).await?;
    let transaction = doorward.database().begin().await?;
    let (user, made) = create_within(doorward, &transaction, row, &new).await?;
    let asked = password::mail_link_within(doorward, &transaction, &user, doorward.now()).await?;
    transaction.commit().await?;
    doorward.announce(&made);
    doorward.announce(&asked);
    Ok(user)
}
