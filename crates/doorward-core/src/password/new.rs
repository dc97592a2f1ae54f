use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{hash::SALT_LEN, write_scheme};
use crate::{Doorward, Error, random_bytes};

/// The longest password, in bytes: longer ones are refused, never cut.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// A password that is to be set: as it was typed, in the form NFC, so that it is the same from every keyboard.
/// Wiped from memory when dropped, and never printed.
#[derive(Clone)]
pub struct NewPassword {
    text: Zeroizing<String>,
    typed_bytes: usize,
}

impl NewPassword {
    /// Takes the password over.
    pub fn new(password: impl Into<String>) -> Self {
        let typed = Zeroizing::new(password.into());
        Self { text: normalized(&typed), typed_bytes: typed.len() }
    }

    pub(super) fn expose(&self) -> &str {
        &self.text
    }

    /// The longer one of the two forms: both are checked for their length at a sign-in.
    pub(super) fn longest_bytes(&self) -> usize {
        self.text.len().max(self.typed_bytes)
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword")
    }
}

/// The form NFC, in which new passwords are hashed.
pub(super) fn normalized(password: &str) -> Zeroizing<String> {
    // Room for all of it: a string that grows would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(password.len() * 3));
    text.extend(password.nfc());
    text
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
