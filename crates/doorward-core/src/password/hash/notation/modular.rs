//! Strings that begin with `$`: bcrypt and crypt(3), the PHC format, and passlib's in their manner.

use super::super::algorithm::Algorithm;
use super::super::algorithm::argon2::{self, Argon2, Variant, Version as Argon2Version};
use super::super::algorithm::bcrypt::{Bcrypt, Prehash, Version as BcryptVersion};
use super::super::algorithm::digest::Digest;
use super::super::algorithm::md5_crypt::Md5Crypt;
use super::super::algorithm::pbkdf2::{Pbkdf2, Rounds};
use super::super::algorithm::scrypt::{self, Scrypt};
use super::super::algorithm::sha_crypt::{self, ShaCrypt};
use super::super::{Family, HashError, StoredHash, encoding};
use super::{of_length, parts};

/// Reads a whole string, which begins with `$`.
pub(super) fn parse(encoded: &str) -> Result<StoredHash, HashError> {
    let after_dollar = &encoded[1..];
    let (scheme, rest) = after_dollar.split_once('$').ok_or(HashError::UnknownScheme)?;
    let mut stored = match scheme {
        "2" | "2a" | "2b" | "2x" | "2y" => {
            StoredHash::new(Family::Bcrypt, Algorithm::Bcrypt(bcrypt(after_dollar, Prehash::Nothing)?))
        }
        "argon2id" | "argon2i" | "argon2d" => argon2(after_dollar)?,
        "scrypt" => phc_scrypt(rest)?,
        "bcrypt-sha256" => bcrypt_sha256(rest)?,
        "1" => md5_crypt("$1$", rest)?,
        "apr1" => md5_crypt("$apr1$", rest)?,
        "5" => sha_crypt(sha_crypt::Variant::Sha256, rest)?,
        "6" => sha_crypt(sha_crypt::Variant::Sha512, rest)?,
        "pbkdf2" => pbkdf2(Digest::Sha1, rest)?,
        _ => {
            let digest = scheme.strip_prefix("pbkdf2-").and_then(Digest::named).ok_or(HashError::UnknownScheme)?;
            pbkdf2(digest, rest)?
        }
    };
    stored.may_be_peppered = true;
    Ok(stored)
}

/// `2b$12$`, then 22 characters of salt and 31 of digest.
pub(super) fn bcrypt(text: &str, prehash: Prehash) -> Result<Bcrypt, HashError> {
    let [version, cost, salt_and_digest] = parts(text, '$')?;
    let (salt, digest) = salt_and_digest.split_at_checked(22).ok_or(HashError::Malformed("salt"))?;
    bcrypt_of_parts(version, cost, salt, digest, prehash)
}

fn bcrypt_of_parts(version: &str, cost: &str, salt: &str, digest: &str, prehash: Prehash) -> Result<Bcrypt, HashError> {
    Ok(Bcrypt {
        version: match version {
            "2" => BcryptVersion::Original,
            "2x" => BcryptVersion::SignExtended,
            "2a" | "2b" | "2y" => BcryptVersion::Current,
            _ => return Err(HashError::Malformed("bcrypt's version")),
        },
        cost: Bcrypt::read_cost(cost)?,
        prehash,
        salt: encoding::bcrypt_base64(salt, "salt")?,
        expected: encoding::bcrypt_base64(digest, "digest")?,
    })
}

/// passlib's `2b,12$salt$digest` (version 1) or `v=2,t=2b,r=12$salt$digest`.
fn bcrypt_sha256(rest: &str) -> Result<StoredHash, HashError> {
    let [params, salt, digest] = parts(rest, '$')?;
    let (version, cost, prehash) = if let Some(params) = params.strip_prefix("v=2,") {
        let [version, cost] = parts(params, ',')?;
        (version.strip_prefix("t="), cost.strip_prefix("r="), Prehash::HmacSha256Base64(salt.into()))
    } else {
        let [version, cost] = parts(params, ',')?;
        (Some(version), Some(cost), Prehash::Sha256Base64)
    };
    let missing = HashError::Malformed("bcrypt's parameters");
    let bcrypt = bcrypt_of_parts(version.ok_or(missing)?, cost.ok_or(missing)?, salt, digest, prehash)?;
    Ok(StoredHash::new(Family::PasslibBcryptSha256, Algorithm::Bcrypt(bcrypt)))
}

/// `argon2id$v=19$m=19456,t=2,p=1$salt$digest`; without `v`, version 16.
///
/// A `keyid` names a secret key that a string can't hold, and that none of the systems used: it is
/// read over, as Argon2's own programs do.
pub(super) fn argon2(text: &str) -> Result<StoredHash, HashError> {
    let (variant, rest) = text.split_once('$').ok_or(HashError::Malformed("a part is missing"))?;
    let (family, variant) = match variant {
        "argon2id" => (Family::Argon2id, Variant::Argon2id),
        "argon2i" => (Family::Argon2i, Variant::Argon2i),
        "argon2d" => (Family::Argon2d, Variant::Argon2d),
        _ => return Err(HashError::UnknownScheme),
    };
    let (version, rest) = match rest.strip_prefix("v=").and_then(|rest| rest.split_once('$')) {
        None => (Argon2Version::V0x10, rest),
        Some(("16", rest)) => (Argon2Version::V0x10, rest),
        Some(("19", rest)) => (Argon2Version::V0x13, rest),
        Some(_) => return Err(HashError::Malformed("argon2's version")),
    };
    let [params, salt, digest] = parts(rest, '$')?;
    let (mut memory, mut iterations, mut parallelism, mut data) = (None, None, None, Vec::new());
    for param in params.split(',') {
        match param.split_once('=') {
            Some(("m", value)) => memory = Some(encoding::number(value, "argon2's memory")?),
            Some(("t", value)) => {
                iterations = Some(encoding::number(value, "argon2's iterations")?);
            }
            Some(("p", value)) => {
                parallelism = Some(encoding::number(value, "argon2's parallelism")?);
            }
            Some(("data", value)) => data = encoding::base64(value, "argon2's data")?,
            Some(("keyid", _)) => {}
            _ => return Err(HashError::Malformed("argon2's parameters")),
        }
    }
    let missing = HashError::Malformed("argon2's parameters");
    let params = argon2::Params::new(
        variant,
        version,
        memory.ok_or(missing)?,
        iterations.ok_or(missing)?,
        parallelism.ok_or(missing)?,
        &data,
    )?;
    let salt = encoding::base64(salt, "salt")?;
    let expected = encoding::base64(digest, "digest")?;
    Ok(StoredHash::new(family, Algorithm::Argon2(Argon2::new(params, salt, expected)?)))
}

/// `ln=16,r=8,p=1$salt$digest`.
fn phc_scrypt(rest: &str) -> Result<StoredHash, HashError> {
    let [params, salt, digest] = parts(rest, '$')?;
    let [ln, r, p] = parts(params, ',')?;
    let value = |param: &str, prefix, name| {
        param.strip_prefix(prefix).ok_or(HashError::Malformed(name)).and_then(|value| encoding::number(value, name))
    };
    let n = 1_u32.checked_shl(value(ln, "ln=", "scrypt's n")?).ok_or(HashError::Malformed("scrypt's n"))?;
    let params = scrypt::Params::new(n, value(r, "r=", "scrypt's r")?, value(p, "p=", "scrypt's p")?)?;
    let salt = encoding::base64(salt, "salt")?;
    let expected = encoding::base64(digest, "digest")?;
    Ok(StoredHash::new(Family::Scrypt, Algorithm::Scrypt(Scrypt::new(params, salt, expected)?)))
}

/// passlib's `rounds$salt$digest` in its adapted base64, or a PHC string's `i=rounds,l=len$…` in
/// the standard one.
fn pbkdf2(digest: Digest, rest: &str) -> Result<StoredHash, HashError> {
    let [params, _, _] = parts(rest, '$')?;
    let Some(params) = params.strip_prefix("i=") else {
        return Ok(StoredHash::new(Family::PasslibPbkdf2, Algorithm::Pbkdf2(adapted_pbkdf2(digest, rest)?)));
    };
    let [_, salt, expected] = parts(rest, '$')?;
    let rounds = params.split_once(",l=").map_or(params, |(rounds, _)| rounds);
    Ok(StoredHash::new(
        Family::PasslibPbkdf2,
        Algorithm::Pbkdf2(Pbkdf2 {
            digest,
            rounds: Rounds::Given(encoding::number(rounds, "rounds")?.max(1)),
            salt: encoding::base64(salt, "salt")?,
            expected: of_length(encoding::base64(expected, "digest")?, digest.len())?,
        }),
    ))
}

/// `rounds$salt$digest` in passlib's adapted base64.
pub(super) fn adapted_pbkdf2(digest: Digest, rest: &str) -> Result<Pbkdf2, HashError> {
    let [rounds, salt, expected] = parts(rest, '$')?;
    Ok(Pbkdf2 {
        digest,
        rounds: Rounds::Given(encoding::number(rounds, "rounds")?.max(1)),
        salt: encoding::adapted_base64(salt, "salt")?,
        expected: of_length(encoding::adapted_base64(expected, "digest")?, digest.len())?,
    })
}

/// `salt$digest`, a salt of up to 8 bytes.
fn md5_crypt(magic: &'static str, rest: &str) -> Result<StoredHash, HashError> {
    let [salt, expected] = parts(rest, '$')?;
    if salt.len() > 8 {
        return Err(HashError::Malformed("salt"));
    }
    Ok(StoredHash::new(
        Family::Md5Crypt,
        Algorithm::Md5Crypt(Md5Crypt { magic, salt: salt.into(), expected: crypt_digest(expected, 22)? }),
    ))
}

/// `[rounds=5000$]salt$digest`, a salt of up to 16 bytes.
fn sha_crypt(variant: sha_crypt::Variant, rest: &str) -> Result<StoredHash, HashError> {
    let (rounds, rest) = match rest.strip_prefix("rounds=").map(|rest| rest.split_once('$')) {
        None => (ShaCrypt::DEFAULT_ROUNDS, rest),
        // crypt(3) raises fewer to 1,000 and writes what it used.
        Some(Some((rounds, rest))) => match encoding::number(rounds, "rounds")? {
            rounds @ 1_000..=999_999_999 => (rounds, rest),
            _ => return Err(HashError::Malformed("rounds")),
        },
        Some(None) => return Err(HashError::Malformed("a part is missing")),
    };
    let [salt, expected] = parts(rest, '$')?;
    if salt.len() > 16 {
        return Err(HashError::Malformed("salt"));
    }
    let (family, len) = match variant {
        sha_crypt::Variant::Sha256 => (Family::Sha256Crypt, 43),
        sha_crypt::Variant::Sha512 => (Family::Sha512Crypt, 86),
    };
    Ok(StoredHash::new(
        family,
        Algorithm::ShaCrypt(ShaCrypt { variant, rounds, salt: salt.into(), expected: crypt_digest(expected, len)? }),
    ))
}

fn crypt_digest(text: &str, len: usize) -> Result<String, HashError> {
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"./".contains(&byte);
    if text.len() == len && text.bytes().all(in_alphabet) {
        Ok(text.into())
    } else {
        Err(HashError::Malformed("digest"))
    }
}
