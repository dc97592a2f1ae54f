//! Stored password hashes: reading every notation the old applications wrote, deciding whether a
//! password matches, and writing new ones.
//!
//! Everything here is pure and synchronous: no clock, no randomness, no database. A caller runs
//! [`StoredHash::verify`] and [`Scheme::hash`] on a thread that may be busy for a while, with a
//! [`Scratch`] of its own.
//!
//! A stored string is data from someone else's database, so it is never trusted:
//!
//! * [`StoredHash::parse`] does no work beyond reading at most [`MAX_ENCODED_LEN`] bytes, and
//!   allocates nothing of a size that the string claims.
//! * [`StoredHash::cost`] says beforehand what a verification takes; `verify` refuses with
//!   [`HashError::TooExpensive`] what is above the caller's [`Limits`], before any work is done.
//! * Digests are compared in constant time, and unusable hashes (empty, `!…`, `*…`) never match.
//!
//! The folder `notation` holds one file per system that wrote the strings, the folder `algorithm`
//! one per computation behind them; several notations share an algorithm.
//!
//! # What is read
//!
//! | written by | forms |
//! | --- | --- |
//! | Werkzeug 0.16 to 3.1 | `pbkdf2:<digest>[:<rounds>]$…`, `scrypt[:n:r:p]$…`, `<digest>$<salt>$<hex>` (HMAC), `plain$$…`; a digest is any of hashlib's fixed-length ones |
//! | Django | `pbkdf2_<digest>$…`, `argon2$…`, `bcrypt$…`, `bcrypt_sha256$…`, `scrypt$…`, `md5$…`, `sha1$…`, unsalted ones |
//! | PHC strings | `$argon2id$`, `$argon2i$`, `$argon2d$` (versions 16 and 19, with `data`), `$scrypt$`, `$pbkdf2-<digest>$i=…` |
//! | passlib | `$pbkdf2$`, `$pbkdf2-sha256$`, `$pbkdf2-sha512$`, `$scrypt$`, `$bcrypt-sha256$` versions 1 and 2 |
//! | bcrypt | `$2$`, `$2a$`, `$2b$`, `$2x$`, `$2y$` |
//! | crypt(3) | `$1$`, `$apr1$`, `$5$`, `$6$` |
//! | LDAP (RFC 2307) | `{MD5}`, `{SMD5}`, `{SHA}`, `{SSHA}`, the same with 224 to 512, `{PBKDF2…}`, `{CRYPT}`, `{ARGON2}` |
//! | Flask-Security | any of those that begin with `$`, over HMAC-SHA512 of the password under a pepper |

mod algorithm;
mod cost;
mod encoding;
mod error;
mod family;
mod notation;
mod rewrite;
mod scratch;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;

pub use cost::{Cost, Limits};
pub use error::HashError;
pub use family::Family;
pub use rewrite::RewritePolicy;
pub use scratch::Scratch;
pub use write::{Argon2Params, SALT_LEN, Scheme};

use algorithm::Algorithm;

/// Longest stored string that is read, in bytes. The Flask application's column holds 128.
pub const MAX_ENCODED_LEN: usize = 1024;

/// A password hash as a database row holds it, read but not yet verified.
///
/// `Debug` shows its family and cost, never its salt or digest.
#[derive(Clone)]
pub struct StoredHash {
    family: Family,
    algorithm: Algorithm,
    /// Whether Flask-Security can have written it, whose double hash looks like a single one.
    may_be_peppered: bool,
}

/// What [`StoredHash::verify`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Another password.
    Mismatch,
    /// The password that the hash was made of.
    Match,
    /// The password that the hash was made of, under one of the peppers (Flask-Security's double
    /// hash). Such a hash can be read only as long as that pepper is configured.
    PepperedMatch,
}

impl Verdict {
    /// Whether the password was the right one, with or without a pepper.
    pub fn is_match(self) -> bool {
        self != Self::Mismatch
    }
}

impl StoredHash {
    /// Reads a stored string.
    ///
    /// Reads at most [`MAX_ENCODED_LEN`] bytes and does no hashing.
    pub fn parse(encoded: &str) -> Result<Self, HashError> {
        notation::parse(encoded)
    }

    /// Which system and scheme wrote it; [`Family::name`] is stable.
    pub fn family(&self) -> Family {
        self.family
    }

    /// What verifying a short password (16 bytes) takes, once.
    ///
    /// [`verify`](Self::verify) takes this once for each pepper on top, when peppers are given and
    /// the string begins with `$`. Only the crypt(3) schemes cost more for a longer password;
    /// `verify` reckons with its real length.
    pub fn cost(&self) -> Cost {
        self.algorithm.cost(16)
    }

    /// Whether `password` (at most 1,024 bytes; the caller's rule) is the one behind this hash.
    ///
    /// `peppers` are Flask-Security's `SECURITY_PASSWORD_SALT` values. A hash doesn't tell whether
    /// it is a double one, so with *n* peppers a string that begins with `$` is tried up to
    /// 1 + *n* times, the plain form first; a wrong password always takes all of them. Other
    /// notations are never doubled and are tried once.
    ///
    /// `limits` apply to each try.
    pub fn verify(
        &self,
        password: &str,
        peppers: &[Vec<u8>],
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Result<Verdict, HashError> {
        let password = password.as_bytes();
        limits.check(self.algorithm.cost(password.len()))?;
        if self.algorithm.matches(password, scratch)? {
            return Ok(Verdict::Match);
        }
        if self.may_be_peppered {
            for pepper in peppers {
                let doubled = algorithm::pepper::double_hash(pepper, password);
                limits.check(self.algorithm.cost(doubled.len()))?;
                if self.algorithm.matches(doubled.as_bytes(), scratch)? {
                    return Ok(Verdict::PepperedMatch);
                }
            }
        }
        Ok(Verdict::Mismatch)
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredHash").field("family", &self.family).field("cost", &self.cost()).finish_non_exhaustive()
    }
}
