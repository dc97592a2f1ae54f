//! The notations: how the systems wrote their hashes down. Each function reads a string into a
//! [`StoredHash`] and does no hashing.

mod django;
mod ldap;
mod modular;
mod werkzeug;

use super::algorithm::Algorithm;
use super::algorithm::digest::Digest;
use super::algorithm::single_pass::{Salting, SinglePass};
use super::{Family, HashError, MAX_ENCODED_LEN, StoredHash, encoding};

pub(crate) fn parse(encoded: &str) -> Result<StoredHash, HashError> {
    if encoded.len() > MAX_ENCODED_LEN {
        return Err(HashError::TooLong);
    }
    match encoded.bytes().next() {
        // Django, shadow(5) and LDAP mark accounts without a password so; a hash may follow.
        None | Some(b'!' | b'*') => Err(HashError::Unusable),
        Some(b'$') => modular::parse(encoded),
        Some(b'{') => ldap::parse(encoded),
        Some(_) => match encoded.split_once('$') {
            Some((method, rest)) if django::writes(method, rest) => django::parse(method, rest),
            Some((method, rest)) => werkzeug::parse(method, rest),
            None => bare_digest(encoded),
        },
    }
}

/// A digest of the bare password in hexadecimal, as Django's `unsalted_md5` and passlib's `hex_…`
/// write it; its length tells which.
fn bare_digest(encoded: &str) -> Result<StoredHash, HashError> {
    let digest = match encoded.len() {
        32 => Digest::Md5,
        40 => Digest::Sha1,
        64 => Digest::Sha256,
        128 => Digest::Sha512,
        _ => return Err(HashError::UnknownScheme),
    };
    let expected = encoding::hex(encoded, "digest").map_err(|_| HashError::UnknownScheme)?;
    Ok(StoredHash::new(
        Family::UnsaltedDigest,
        Algorithm::SinglePass(SinglePass { digest, salting: Salting::Unsalted, salt: Vec::new(), expected }),
    ))
}

/// The digest of a string, which must be exactly as long as its algorithm makes it.
fn of_length(expected: Vec<u8>, len: usize) -> Result<Vec<u8>, HashError> {
    if expected.len() == len { Ok(expected) } else { Err(HashError::Malformed("digest")) }
}

/// The parts of a string between `separator`s, when there are exactly `N`.
fn parts<const N: usize>(text: &str, separator: char) -> Result<[&str; N], HashError> {
    let mut split = text.split(separator);
    let mut parts = [""; N];
    for part in &mut parts {
        *part = split.next().ok_or(HashError::Malformed("a part is missing"))?;
    }
    match split.next() {
        None => Ok(parts),
        Some(_) => Err(HashError::Malformed("a part too many")),
    }
}

impl StoredHash {
    fn new(family: Family, algorithm: Algorithm) -> Self {
        Self { family, algorithm, may_be_peppered: false }
    }
}
