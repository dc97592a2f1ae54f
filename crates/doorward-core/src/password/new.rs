use zeroize::Zeroizing;

use super::{hash::SALT_LEN, write_scheme};
use crate::{Doorward, Error, FieldProblem, random_bytes, settings::Settings};

/// The longest password, in bytes: longer ones are refused, never cut.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// A password that is to be set. Wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct NewPassword(Zeroizing<String>);

impl NewPassword {
    /// Takes the password over.
    pub fn new(password: impl Into<String>) -> Self {
        Self(Zeroizing::new(password.into()))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword")
    }
}

/// Whether `password` may be set.
pub fn check_new(settings: &Settings, password: &NewPassword) -> Result<(), FieldProblem> {
    let password = password.expose();
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(FieldProblem::TooLong { most: MAX_PASSWORD_BYTES, unit: "bytes" });
    }
    if password.chars().count() < settings.password.min_length {
        return Err(FieldProblem::TooShort { least: settings.password.min_length, unit: "characters" });
    }
    Ok(())
}

/// Hashes a new password in the scheme that is written here.
///
/// # Errors
/// [`Error::Busy`] where too many wait already.
pub async fn hash_new(doorward: &Doorward, password: NewPassword) -> Result<String, Error> {
    let scheme = write_scheme(doorward.settings(), doorward.origin());
    let salt: [u8; SALT_LEN] = random_bytes(doorward.randomness());
    doorward
        .hashing()
        .run(move |scratch| scheme.hash(password.expose(), &salt, scratch))
        .await?
        .map_err(|error| Error::Internal(error.to_string()))
}
