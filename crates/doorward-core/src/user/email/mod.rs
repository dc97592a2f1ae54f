//! Another address: asked for, confirmed at the new one, told to the old one, undone from there.

mod change;
mod confirm_new;
mod undo;

pub use change::change_email;
pub use confirm_new::{confirm_new_email, confirm_new_email_typed};
pub use undo::undo_email_change;

use sea_orm::{ActiveValue::Set, DbErr, entity::prelude::*};

use super::{ActiveModel, User, give_address, normal_email};
use crate::{
    Error,
    database::{self, Transaction},
};

/// Writes `email` as the user's confirmed address, with all that follows it.
///
/// # Errors
/// [`Error::EmailTaken`] where another user has it.
async fn write_within(transaction: &Transaction, user: &User, email: &str) -> Result<(), Error> {
    let mut row =
        ActiveModel { id: Set(user.id), confirmed: Set(Some(true)), confirm_by: Set(None), ..Default::default() };
    give_address(&mut row, &normal_email(email));
    let taken = |error: DbErr| if database::is_unique_violation(&error) { Error::EmailTaken } else { error.into() };
    row.update(transaction).await.map_err(taken)?;
    Ok(())
}
