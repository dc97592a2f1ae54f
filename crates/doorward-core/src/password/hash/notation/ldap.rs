//! LDAP's `{SCHEME}…` (RFC 2307 §5.3, and what `OpenLDAP` and passlib added).

use super::super::algorithm::Algorithm;
use super::super::algorithm::digest::Digest;
use super::super::algorithm::single_pass::{Salting, SinglePass};
use super::super::{Family, HashError, StoredHash, encoding};
use super::{modular, of_length};

/// Reads a whole string, which begins with `{`. The scheme's case doesn't matter.
pub(super) fn parse(encoded: &str) -> Result<StoredHash, HashError> {
    let (scheme, rest) = encoded[1..].split_once('}').ok_or(HashError::UnknownScheme)?;
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        // Prefixes before a modular string. Flask-Security doesn't double these.
        "crypt" | "argon2" | "bcrypt" if rest.starts_with('$') => {
            let mut stored = modular::parse(rest)?;
            stored.may_be_peppered = false;
            Ok(stored)
        }
        "pbkdf2" => pbkdf2(Digest::Sha1, rest),
        "md5" => single_pass(Digest::Md5, Salting::Unsalted, rest),
        "smd5" => single_pass(Digest::Md5, Salting::After, rest),
        _ => {
            if let Some(digest) = scheme.strip_prefix("pbkdf2-") {
                return pbkdf2(sha(digest)?, rest);
            }
            let (salting, digest) = if scheme.starts_with("ssha") {
                (Salting::After, &scheme[1..])
            } else {
                (Salting::Unsalted, scheme.as_str())
            };
            single_pass(sha(digest)?, salting, rest)
        }
    }
}

fn sha(name: &str) -> Result<Digest, HashError> {
    match name {
        "sha" | "sha1" => Ok(Digest::Sha1),
        "sha224" => Ok(Digest::Sha224),
        "sha256" => Ok(Digest::Sha256),
        "sha384" => Ok(Digest::Sha384),
        "sha512" => Ok(Digest::Sha512),
        _ => Err(HashError::UnknownScheme),
    }
}

fn pbkdf2(digest: Digest, rest: &str) -> Result<StoredHash, HashError> {
    Ok(StoredHash::new(Family::LdapPbkdf2, Algorithm::Pbkdf2(modular::adapted_pbkdf2(digest, rest)?)))
}

/// Base64 of the digest, then of the salt.
fn single_pass(digest: Digest, salting: Salting, rest: &str) -> Result<StoredHash, HashError> {
    // Some servers wrote an unsalted digest in hexadecimal.
    let mut expected = if salting == Salting::Unsalted && rest.len() == 2 * digest.len() {
        encoding::hex(rest, "digest")?
    } else {
        encoding::base64(rest, "digest")?
    };
    let salt = match salting {
        Salting::Unsalted => Vec::new(),
        _ if expected.len() > digest.len() => expected.split_off(digest.len()),
        _ => return Err(HashError::Malformed("salt")),
    };
    Ok(StoredHash::new(
        Family::LdapDigest,
        Algorithm::SinglePass(SinglePass { digest, salting, salt, expected: of_length(expected, digest.len())? }),
    ))
}
