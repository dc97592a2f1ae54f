use super::algorithm::argon2::{Params, Variant, Version};
use super::algorithm::digest::Digest;
use super::algorithm::scrypt;
use super::{Cost, HashError, Scratch, encoding};
use crate::hexadecimal::to_hexadecimal;

/// Bytes of randomness that a new hash needs.
pub const SALT_LEN: usize = 16;

/// Bytes of an Argon2id digest that is written here.
pub(crate) const ARGON2_DIGEST_LEN: usize = 32;

/// Werkzeug's own choice since 2.3.
const WERKZEUG_SCRYPT: (u32, u32, u32) = (32_768, 8, 1);

/// How new hashes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Argon2id, version 19, a digest of 32 bytes, as a PHC string.
    Argon2id(Argon2Params),
    /// `pbkdf2:sha256:<rounds>$…`, which every Werkzeug since 0.9 reads.
    WerkzeugPbkdf2 {
        /// Rounds; Werkzeug 2.3 and 3.0 take 600,000.
        rounds: u32,
    },
    /// `scrypt:32768:8:1$…`, which Werkzeug reads since 2.3.
    ///
    /// Such a string has 162 characters, more than the 128 of the Flask application's column:
    /// `SQLite` takes it none the less, `PostgreSQL` refuses it until the column is widened. See
    /// [`Scheme::encoded_len`].
    WerkzeugScrypt,
}

/// Argon2's parameters (RFC 9106 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Params {
    /// Memory in KiB, at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over the memory, at least 1.
    pub iterations: u32,
    /// Lanes, from 1 to 2^24 − 1. They are computed one after the other.
    pub parallelism: u32,
}

impl Default for Argon2Params {
    /// 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, iterations: 2, parallelism: 1 }
    }
}

impl Argon2Params {
    fn checked(self) -> Result<Params, HashError> {
        Params::new(Variant::Argon2id, Version::V0x13, self.memory_kib, self.iterations, self.parallelism, &[]).map_err(
            |error| match error {
                HashError::Malformed(part) => HashError::Parameter(part),
                other => other,
            },
        )
    }

    fn prefix(self) -> String {
        let Self { memory_kib, iterations, parallelism } = self;
        format!("$argon2id$v=19$m={memory_kib},t={iterations},p={parallelism}$")
    }
}

impl Scheme {
    /// The stable name, as in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Argon2id(_) => "argon2id",
            Self::WerkzeugPbkdf2 { .. } => "werkzeug-pbkdf2",
            Self::WerkzeugScrypt => "werkzeug-scrypt",
        }
    }

    /// Whether the parameters are ones that the scheme allows: [`HashError::Parameter`] names the
    /// one that isn't. After it, [`hash`](Self::hash) fails only for want of memory.
    pub fn check(&self) -> Result<(), HashError> {
        match *self {
            Self::Argon2id(params) => params.checked().map(drop),
            Self::WerkzeugPbkdf2 { rounds: 0 } => Err(HashError::Parameter("rounds")),
            Self::WerkzeugPbkdf2 { .. } | Self::WerkzeugScrypt => Ok(()),
        }
    }

    /// What making or verifying one hash takes.
    pub fn cost(&self) -> Result<Cost, HashError> {
        self.check()?;
        match *self {
            Self::Argon2id(params) => Ok(params.checked()?.cost()),
            Self::WerkzeugPbkdf2 { rounds } => {
                Ok(Cost::of_work(u64::from(rounds).saturating_mul(2 * Digest::Sha256.block_ns())))
            }
            Self::WerkzeugScrypt => Ok(werkzeug_scrypt()?.cost()),
        }
    }

    /// Length of every string that [`hash`](Self::hash) makes, in bytes: what the column must
    /// hold. At most 128, except for [`Scheme::WerkzeugScrypt`].
    pub fn encoded_len(&self) -> usize {
        match *self {
            Self::Argon2id(params) => {
                let base64_len = |bytes: usize| (bytes * 4).div_ceil(3);
                params.prefix().len() + base64_len(SALT_LEN) + 1 + base64_len(ARGON2_DIGEST_LEN)
            }
            Self::WerkzeugPbkdf2 { rounds } => {
                pbkdf2_method(rounds).len() + 1 + SALT_LEN + 1 + 2 * Digest::Sha256.len()
            }
            Self::WerkzeugScrypt => scrypt_method().len() + 1 + SALT_LEN + 1 + 2 * 64,
        }
    }

    /// Makes a new hash of a password.
    ///
    /// `salt` must come fresh from a secure source for each hash. Argon2id takes it as it is;
    /// Werkzeug's forms need letters and digits, and get 16 of them (95 bits).
    pub fn hash(&self, password: &str, salt: &[u8; SALT_LEN], scratch: &mut Scratch) -> Result<String, HashError> {
        self.check()?;
        let password = password.as_bytes();
        match *self {
            Self::Argon2id(params) => {
                let mut digest = [0; ARGON2_DIGEST_LEN];
                params.checked()?.derive(password, salt, scratch, &mut digest)?;
                let (salt, digest) = (encoding::to_base64(salt), encoding::to_base64(&digest));
                Ok(format!("{}{salt}${digest}", params.prefix()))
            }
            Self::WerkzeugPbkdf2 { rounds } => {
                let salt = salt_characters(salt);
                let digest = Digest::Sha256.pbkdf2(password, salt.as_bytes(), rounds);
                let digest = to_hexadecimal(&digest);
                Ok(format!("{}${salt}${digest}", pbkdf2_method(rounds)))
            }
            Self::WerkzeugScrypt => {
                let salt = salt_characters(salt);
                let mut digest = [0; 64];
                werkzeug_scrypt()?.derive(password, salt.as_bytes(), &mut digest)?;
                let digest = to_hexadecimal(&digest);
                Ok(format!("{}${salt}${digest}", scrypt_method()))
            }
        }
    }
}

pub(crate) fn werkzeug_scrypt() -> Result<scrypt::Params, HashError> {
    let (n, r, p) = WERKZEUG_SCRYPT;
    scrypt::Params::new(n, r, p)
}

fn pbkdf2_method(rounds: u32) -> String {
    format!("pbkdf2:sha256:{rounds}")
}

fn scrypt_method() -> String {
    let (n, r, p) = WERKZEUG_SCRYPT;
    format!("scrypt:{n}:{r}:{p}")
}

/// The salt as 16 of Werkzeug's `SALT_CHARS`. 62^16 goes so often into 2^128 that what is left over
/// favours no character by more than 2^-32.
fn salt_characters(salt: &[u8; SALT_LEN]) -> String {
    const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut number = u128::from_le_bytes(*salt);
    (0..SALT_LEN)
        .map(|_| {
            let index = usize::try_from(number % 62).expect("62 fits into a usize");
            number /= 62;
            char::from(ALPHABET[index])
        })
        .collect()
}
