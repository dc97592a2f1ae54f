use zeroize::Zeroizing;

use super::super::{Cost, HashError, encoding};
use super::digest::Digest;
use super::equal;
use crate::hexadecimal::to_hexadecimal;

/// bcrypt takes this many bytes of a password and ignores the rest, in every system that wrote
/// these hashes.
const MAX_KEY_LEN: usize = 72;

/// Which bcrypt it is, by the letter after `$2`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// `$2$`: the key has no NUL at its end.
    Original,
    /// `$2a$`, `$2b$`, `$2y$`: the key is the password and a NUL. They differ only in how systems
    /// marked their mended mistakes.
    Current,
    /// `$2x$`: made by `crypt_blowfish` before 1.1, which took bytes above 127 as negative.
    SignExtended,
}

/// What is done to the password before bcrypt sees it, to get past the 72 bytes.
#[derive(Clone)]
pub(crate) enum Prehash {
    Nothing,
    /// Django: SHA-256 in hexadecimal.
    Sha256Hex,
    /// passlib's first version: SHA-256 in base64.
    Sha256Base64,
    /// passlib's second version: HMAC-SHA256 in base64, under the salt as it is written.
    HmacSha256Base64(String),
}

/// bcrypt (Provos and Mazières, 1999).
#[derive(Clone)]
pub(crate) struct Bcrypt {
    pub(crate) version: Version,
    pub(crate) cost: u8,
    pub(crate) prehash: Prehash,
    pub(crate) salt: [u8; 16],
    pub(crate) expected: [u8; 23],
}

impl Bcrypt {
    /// Two key schedules for each of 2^cost turns.
    pub(crate) fn cost(&self) -> Cost {
        Cost { memory_kib: 5, work_ns: 26_000 << (self.cost + 1) }
    }

    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        match &self.prehash {
            Prehash::Nothing => self.matches_key(password),
            Prehash::Sha256Hex => self.matches_key(to_hexadecimal(&Digest::Sha256.hash(&[password])).as_bytes()),
            Prehash::Sha256Base64 => self.matches_padded(&Digest::Sha256.hash(&[password])),
            Prehash::HmacSha256Base64(salt) => self.matches_padded(&Digest::Sha256.hmac(salt.as_bytes(), password)),
        }
    }

    fn matches_padded(&self, digest: &[u8]) -> bool {
        // 32 bytes end in one `=`, which passlib keeps.
        self.matches_key((encoding::to_base64(digest) + "=").as_bytes())
    }

    /// A NUL inside the password is taken as any other byte, as Python's bcrypt does since 4.0;
    /// older systems refused such passwords.
    fn matches_key(&self, password: &[u8]) -> bool {
        let mut key = Zeroizing::new(Vec::with_capacity(MAX_KEY_LEN));
        match self.version {
            Version::Original => key.extend(password.iter().take(MAX_KEY_LEN)),
            Version::Current => {
                key.extend(password.iter().chain(&[0]).take(MAX_KEY_LEN));
            }
            Version::SignExtended => {
                // The 18 words of Blowfish's key schedule, as the faulty loop made them, are just
                // the 72 bytes of a key that the right loop takes without repeating any.
                let mut bytes = password.iter().chain(&[0]).copied().cycle();
                for _ in 0..MAX_KEY_LEN / 4 {
                    let word = bytes
                        .by_ref()
                        .take(4)
                        .fold(0, |word: u32, byte| word << 8 | i32::from(byte.cast_signed()).cast_unsigned());
                    key.extend(word.to_be_bytes());
                }
            }
        }
        if key.is_empty() {
            return false;
        }
        let computed = ::bcrypt::bcrypt(u32::from(self.cost), self.salt, &key);
        equal(&self.expected, &computed[..23])
    }

    /// Reads the cost (04 to 31) as it stands in every notation.
    pub(crate) fn read_cost(text: &str) -> Result<u8, HashError> {
        match encoding::number(text, "bcrypt's cost")? {
            cost @ 4..=31 if text.len() <= 2 => Ok(cost.try_into().expect("31 fits into a byte")),
            _ => Err(HashError::Malformed("bcrypt's cost")),
        }
    }
}
