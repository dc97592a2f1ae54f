//! The computations behind the notations: each says what it costs, and whether a password matches.

pub(crate) mod argon2;
pub(crate) mod bcrypt;
pub(crate) mod digest;
pub(crate) mod md5_crypt;
pub(crate) mod pbkdf2;
pub(crate) mod pepper;
pub(crate) mod scrypt;
pub(crate) mod sha_crypt;
pub(crate) mod single_pass;

use subtle::ConstantTimeEq as _;

use super::{Cost, HashError, Scratch};

/// A computation with its parameters, salt and expected outcome, as read from a stored string.
#[derive(Clone)]
pub(crate) enum Algorithm {
    Plain(single_pass::Plain),
    SinglePass(single_pass::SinglePass),
    Pbkdf2(pbkdf2::Pbkdf2),
    Scrypt(scrypt::Scrypt),
    Argon2(argon2::Argon2),
    Bcrypt(bcrypt::Bcrypt),
    Md5Crypt(md5_crypt::Md5Crypt),
    ShaCrypt(sha_crypt::ShaCrypt),
}

impl Algorithm {
    pub(crate) fn cost(&self, password_len: usize) -> Cost {
        match self {
            // A pass over a password and a salt of a KiB each, whatever the digest.
            Self::Plain(_) | Self::SinglePass(_) => Cost::of_work(10_000),
            Self::Pbkdf2(pbkdf2) => pbkdf2.cost(),
            Self::Scrypt(scrypt) => scrypt.cost(),
            Self::Argon2(argon2) => argon2.cost(),
            Self::Bcrypt(bcrypt) => bcrypt.cost(),
            Self::Md5Crypt(_) => md5_crypt::Md5Crypt::cost(password_len),
            Self::ShaCrypt(sha_crypt) => sha_crypt.cost(password_len),
        }
    }

    pub(crate) fn matches(&self, password: &[u8], scratch: &mut Scratch) -> Result<bool, HashError> {
        Ok(match self {
            Self::Plain(plain) => plain.matches(password),
            Self::SinglePass(single_pass) => single_pass.matches(password),
            Self::Pbkdf2(pbkdf2) => pbkdf2.matches(password),
            Self::Scrypt(scrypt) => scrypt.matches(password)?,
            Self::Argon2(argon2) => argon2.matches(password, scratch)?,
            Self::Bcrypt(bcrypt) => bcrypt.matches(password),
            Self::Md5Crypt(md5_crypt) => md5_crypt.matches(password),
            Self::ShaCrypt(sha_crypt) => sha_crypt.matches(password)?,
        })
    }
}

/// Compares in a time that depends on the lengths alone.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
