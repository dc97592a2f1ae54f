//! Under which number a password stands in the filter of common ones. The filter is built with this very file.

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// Shorter ones are not in the filter, in characters: they are refused for their length.
pub(crate) const SHORTEST: usize = 8;

/// The first 64 bits of the SHA-256 of the password in lower case: `Password1` is as common as `password1`.
pub(crate) fn common_key(password: &str) -> u64 {
    let lower: String = password.nfc().collect::<String>().to_lowercase();
    let hash: [u8; 32] = Sha256::digest(lower).into();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(first)
}
