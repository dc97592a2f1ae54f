//! Werkzeug's `method$salt$hash` (`werkzeug.security`, 0.16 to 3.1).

use zeroize::Zeroizing;

use super::super::algorithm::Algorithm;
use super::super::algorithm::digest::Digest;
use super::super::algorithm::pbkdf2::{Pbkdf2, Rounds};
use super::super::algorithm::scrypt::{Params, Scrypt};
use super::super::algorithm::single_pass::{Plain, Salting, SinglePass};
use super::super::{Family, HashError, StoredHash, encoding};
use super::of_length;

/// `DEFAULT_PBKDF2_ITERATIONS` of Werkzeug 0.9, 0.11, 0.15, 2.0, 2.3 and 3.1. A string without
/// rounds is read by each version with its own default, so any of them may have made it.
const DEFAULT_ROUNDS: &[u32] = &[1_000, 50_000, 150_000, 260_000, 600_000, 1_000_000];

pub(super) fn parse(method: &str, rest: &str) -> Result<StoredHash, HashError> {
    let mut arguments = method.split(':');
    match arguments.next() {
        Some("pbkdf2") => {
            let (salt, hash) = salt_and_hash(rest)?;
            pbkdf2(&arguments.collect::<Vec<_>>(), salt, hash)
        }
        Some("scrypt") => {
            let (salt, hash) = salt_and_hash(rest)?;
            scrypt(&arguments.collect::<Vec<_>>(), salt, hash)
        }
        Some("plain") if method == "plain" => {
            // Whatever stands as the salt is ignored; the password may hold `$`.
            let (_, password) = salt_and_hash(rest)?;
            plain(password)
        }
        _ => {
            let digest = Digest::named(method).ok_or(HashError::UnknownScheme)?;
            let (salt, hash) = salt_and_hash(rest)?;
            single_pass(digest, salt, hash)
        }
    }
}

fn salt_and_hash(rest: &str) -> Result<(&str, &str), HashError> {
    rest.split_once('$').ok_or(HashError::Malformed("a part is missing"))
}

fn pbkdf2(arguments: &[&str], salt: &str, hash: &str) -> Result<StoredHash, HashError> {
    let (digest, rounds) = match *arguments {
        [] => ("sha256", ""),
        [digest] => (digest, ""),
        [digest, rounds] => (digest, rounds),
        _ => return Err(HashError::Malformed("pbkdf2's arguments")),
    };
    let digest = Digest::named(digest).ok_or(HashError::Malformed("pbkdf2's digest"))?;
    let rounds = match rounds {
        // Up to 2.2, nothing and zero meant the default.
        "" | "0" => Rounds::OneOf(DEFAULT_ROUNDS),
        given => Rounds::Given(encoding::number(given, "rounds")?.max(1)),
    };
    if salt.is_empty() {
        return Err(HashError::Malformed("salt"));
    }
    Ok(StoredHash::new(
        Family::WerkzeugPbkdf2,
        Algorithm::Pbkdf2(Pbkdf2 {
            digest,
            rounds,
            salt: salt.into(),
            expected: of_length(encoding::hex(hash, "digest")?, digest.len())?,
        }),
    ))
}

fn scrypt(arguments: &[&str], salt: &str, hash: &str) -> Result<StoredHash, HashError> {
    let params = match *arguments {
        [] => Params::new(32_768, 8, 1)?,
        [n, r, p] => Params::new(
            encoding::number(n, "scrypt's n")?,
            encoding::number(r, "scrypt's r")?,
            encoding::number(p, "scrypt's p")?,
        )?,
        _ => return Err(HashError::Malformed("scrypt's arguments")),
    };
    let expected = of_length(encoding::hex(hash, "digest")?, 64)?;
    Ok(StoredHash::new(Family::WerkzeugScrypt, Algorithm::Scrypt(Scrypt::new(params, salt.into(), expected)?)))
}

fn plain(password: &str) -> Result<StoredHash, HashError> {
    // A row without a password must not be opened by none.
    if password.is_empty() {
        return Err(HashError::Unusable);
    }
    Ok(StoredHash::new(Family::Plain, Algorithm::Plain(Plain { password: Zeroizing::new(password.into()) })))
}

/// `md5$salt$hex` and `sha1$salt$hex` are Django's as well.
fn single_pass(digest: Digest, salt: &str, hash: &str) -> Result<StoredHash, HashError> {
    let (family, salting) = if salt.is_empty() {
        (Family::UnsaltedDigest, Salting::Unsalted)
    } else {
        (Family::SaltedDigest, Salting::KeyOrBefore)
    };
    Ok(StoredHash::new(
        family,
        Algorithm::SinglePass(SinglePass {
            digest,
            salting,
            salt: salt.into(),
            expected: of_length(encoding::hex(hash, "digest")?, digest.len())?,
        }),
    ))
}
