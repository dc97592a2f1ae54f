//! The alphabets and numbers that stored hashes are written in.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::HashError;
use crate::hexadecimal::from_hexadecimal;

// Old systems wrote the unused bits of the last character as they liked (bcrypt's salts above
// all), and compared without them.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, LENIENT);

/// Standard base64, with or without padding.
pub(crate) fn base64(text: &str, part: &'static str) -> Result<Vec<u8>, HashError> {
    STANDARD.decode(text).map_err(|_| HashError::Malformed(part))
}

/// passlib's "adapted base64": `.` in the place of `+`, no padding.
pub(crate) fn adapted_base64(text: &str, part: &'static str) -> Result<Vec<u8>, HashError> {
    base64(&text.replace('.', "+"), part)
}

/// bcrypt's own alphabet, into exactly `N` bytes.
pub(crate) fn bcrypt_base64<const N: usize>(text: &str, part: &'static str) -> Result<[u8; N], HashError> {
    BCRYPT.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(HashError::Malformed(part))
}

/// Standard base64 without padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Hexadecimal digits of either case, into bytes; an odd number is refused.
pub(crate) fn hex(text: &str, part: &'static str) -> Result<Vec<u8>, HashError> {
    from_hexadecimal(text).ok_or(HashError::Malformed(part))
}

/// A decimal number of ASCII digits: no sign, no space, no underscore.
pub(crate) fn number(text: &str, part: &'static str) -> Result<u32, HashError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HashError::Malformed(part));
    }
    text.parse().map_err(|_| HashError::Malformed(part))
}

/// crypt(3)'s base64, as the md5 and sha schemes use it: least significant bits first.
/// `order` gives the digest's bytes in the scheme's order, three to a group, the last group
/// possibly shorter.
pub(crate) fn crypt_base64(digest: &[u8], order: impl Iterator<Item = usize>) -> String {
    const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let bytes: Vec<u8> = order.map(|index| digest[index]).collect();
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 1);
    for group in bytes.chunks(3) {
        let mut bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte));
        for _ in 0..=group.len() {
            text.push(char::from(ALPHABET[(bits & 63) as usize]));
            bits >>= 6;
        }
    }
    text
}
