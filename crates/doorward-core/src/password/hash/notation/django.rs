//! Django's `algorithm$…` (`django.contrib.auth.hashers`), except for its salted digests, which
//! look like Werkzeug's.

use super::super::algorithm::Algorithm;
use super::super::algorithm::bcrypt::Prehash;
use super::super::algorithm::digest::Digest;
use super::super::algorithm::pbkdf2::{Pbkdf2, Rounds};
use super::super::algorithm::scrypt::{Params, Scrypt};
use super::super::{Family, HashError, StoredHash, encoding};
use super::{modular, of_length, parts};

const PBKDF2: &str = "pbkdf2_";

/// Whether a string with this method is Django's. Both it and Werkzeug write `scrypt$…`; Werkzeug
/// has two parts after it, Django five.
pub(super) fn writes(method: &str, rest: &str) -> bool {
    match method {
        "argon2" | "bcrypt" | "bcrypt_sha256" => true,
        "scrypt" => rest.bytes().filter(|&byte| byte == b'$').count() == 4,
        _ => method.starts_with(PBKDF2),
    }
}

pub(super) fn parse(method: &str, rest: &str) -> Result<StoredHash, HashError> {
    match method {
        // Django puts its own name before a modular string.
        "argon2" => {
            let argon2 = modular::argon2(rest)?;
            Ok(StoredHash::new(Family::DjangoArgon2, argon2.algorithm))
        }
        "bcrypt" => bcrypt(Family::DjangoBcrypt, Prehash::Nothing, rest),
        "bcrypt_sha256" => bcrypt(Family::DjangoBcryptSha256, Prehash::Sha256Hex, rest),
        "scrypt" => scrypt(rest),
        _ => pbkdf2(method.strip_prefix(PBKDF2).unwrap_or(method), rest),
    }
}

fn bcrypt(family: Family, prehash: Prehash, rest: &str) -> Result<StoredHash, HashError> {
    let rest = rest.strip_prefix('$').ok_or(HashError::Malformed("a part is missing"))?;
    Ok(StoredHash::new(family, Algorithm::Bcrypt(modular::bcrypt(rest, prehash)?)))
}

/// `rounds$salt$base64`.
fn pbkdf2(digest: &str, rest: &str) -> Result<StoredHash, HashError> {
    let digest = Digest::named(digest).ok_or(HashError::UnknownScheme)?;
    let [rounds, salt, hash] = parts(rest, '$')?;
    Ok(StoredHash::new(
        Family::DjangoPbkdf2,
        Algorithm::Pbkdf2(Pbkdf2 {
            digest,
            rounds: Rounds::Given(encoding::number(rounds, "rounds")?.max(1)),
            salt: salt.into(),
            expected: of_length(encoding::base64(hash, "digest")?, digest.len())?,
        }),
    ))
}

/// `n$salt$r$p$base64`.
fn scrypt(rest: &str) -> Result<StoredHash, HashError> {
    let [n, salt, r, p, hash] = parts(rest, '$')?;
    let params = Params::new(
        encoding::number(n, "scrypt's n")?,
        encoding::number(r, "scrypt's r")?,
        encoding::number(p, "scrypt's p")?,
    )?;
    let expected = of_length(encoding::base64(hash, "digest")?, 64)?;
    Ok(StoredHash::new(Family::DjangoScrypt, Algorithm::Scrypt(Scrypt::new(params, salt.into(), expected)?)))
}
