use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{NewPassword, check_new, hash_new};
use crate::{
    Doorward, Error, FieldProblem, audit,
    database::UserId,
    event::{Event, EventKind},
    user::{self, User},
};

/// Makes the user choose another password at the next sign-in. Sessions go on; the caller may end them.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn require_change(doorward: &Doorward, id: UserId) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    user::find_by_id(&transaction, id).await?.ok_or(Error::UserNotFound)?;
    user::ActiveModel { id: Set(id), must_change_password: Set(Some(true)), ..Default::default() }
        .update(&transaction)
        .await?;
    let event = Event::of(EventKind::PasswordChangeRequired, id);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}

/// What a sign-in with the right password must still bring where another has to be chosen: the hash of that one.
/// `None` where nothing has to be.
///
/// # Errors
/// [`Error::PasswordChangeRequired`] where none came; [`Error::Invalid`] of `new_password` where it is no good one,
/// or came though none has to be chosen.
pub(crate) async fn chosen_at_sign_in(
    doorward: &Doorward,
    user: &User,
    present: &str,
    new: Option<&str>,
) -> Result<Option<String>, Error> {
    let refuse = || Err(Error::field("new_password", FieldProblem::NotAllowed));
    match (user.must_change_password == Some(true), new) {
        (false, None) => Ok(None),
        (false, Some(_)) => refuse(),
        (true, None) => Err(Error::PasswordChangeRequired),
        (true, Some(new)) if new == present => refuse(),
        (true, Some(new)) => {
            let new = NewPassword::new(new);
            check_new(doorward, "new_password", &new, &user.described()).await?;
            hash_new(doorward, new).await.map(Some)
        }
    }
}
