use super::etag;
use crate::{
    Error,
    database::Transaction,
    settings::Settings,
    user::{self, User},
};

/// What a user must still be for a change to happen (RFC 9110 §13.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing was said.
    #[default]
    None,
    /// It exists.
    Any,
    /// It has one of these validators.
    OneOf(Vec<String>),
}

impl Precondition {
    /// Refuses a change that must be bound to what was read, and is not.
    pub(crate) fn check_given(&self, settings: &Settings) -> Result<(), Error> {
        if *self == Self::None && settings.account.require_if_match {
            return Err(Error::PreconditionRequired);
        }
        Ok(())
    }

    /// Refuses a change of a user who is not as it was read. The row is locked, and stays so to the commit:
    /// whoever compares the same state next compares it with the new one.
    pub(crate) async fn check_of(&self, transaction: &Transaction, user: &User) -> Result<(), Error> {
        if let Self::OneOf(validators) = self {
            let roles = user::roles_of(transaction, user.id).await?;
            if !validators.contains(&etag(user, &roles)) {
                return Err(Error::PreconditionFailed);
            }
        }
        Ok(())
    }
}
