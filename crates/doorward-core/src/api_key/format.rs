use doorward_guard::API_KEY_PREFIX;
use sha2::{Digest, Sha256};

use crate::{Randomness, random_bytes};

/// Digits of a number of 256 bits to the base of 62.
const SECRET_DIGITS: usize = 43;
/// Digits of a number of 32 bits to the base of 62.
const CHECKSUM_DIGITS: usize = 6;
/// The first characters, which lists show.
const SHOWN: usize = API_KEY_PREFIX.len() + 8;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An API key: `dw_`, 256 random bits as 43 digits to the base of 62, and the CRC-32 of those digits as six
/// more, so that scanners for leaked secrets know one without asking: `dw_[0-9A-Za-z]{49}`. `Debug` shows
/// what lists show.
pub struct ApiKey(String);

impl ApiKey {
    pub(super) fn random(randomness: &dyn Randomness) -> Self {
        let mut text = API_KEY_PREFIX.to_owned();
        push_digits(&mut text, &random_bytes::<32>(randomness), SECRET_DIGITS);
        let checksum = checksum(&text.as_bytes()[API_KEY_PREFIX.len()..]);
        text.push_str(&checksum);
        Self(text)
    }

    /// The key itself, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What stands in the database.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// The beginning, by which a person knows it again.
    pub fn shown(&self) -> &str {
        &self.0[..SHOWN]
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ApiKey").field(&self.shown()).finish()
    }
}

/// Whether `text` has the form of an API key and its checksum is right: a mistyped or made-up one costs no
/// look-up.
pub fn is_well_formed(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(API_KEY_PREFIX).map(str::as_bytes) else { return false };
    digits.len() == SECRET_DIGITS + CHECKSUM_DIGITS
        && digits.iter().all(u8::is_ascii_alphanumeric)
        && checksum(&digits[..SECRET_DIGITS]).as_bytes() == &digits[SECRET_DIGITS..]
}

fn checksum(digits: &[u8]) -> String {
    let mut text = String::with_capacity(CHECKSUM_DIGITS);
    push_digits(&mut text, &crc32fast::hash(digits).to_be_bytes(), CHECKSUM_DIGITS);
    text
}

/// Writes a big-endian number to the base of 62 with `count` digits, the highest first.
fn push_digits(text: &mut String, number: &[u8], count: usize) {
    let mut number = number.to_vec();
    let mut digits = Vec::with_capacity(count);
    for _ in 0..count {
        let mut rest = 0_u16;
        for byte in &mut number {
            let value = (rest << 8) | u16::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            rest = value % 62;
        }
        digits.push(char::from(DIGITS[usize::from(rest)]));
    }
    text.extend(digits.iter().rev());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct These([u8; 32]);

    impl Randomness for These {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0);
        }
    }

    /// The digits read back, as somebody who knows the format would.
    fn number_of(digits: &str) -> Vec<u8> {
        let mut number = vec![0_u8; 33];
        for digit in digits.bytes() {
            let mut carry = u32::try_from(DIGITS.iter().position(|it| *it == digit).unwrap()).unwrap();
            for byte in number.iter_mut().rev() {
                let value = u32::from(*byte) * 62 + carry;
                *byte = value.to_be_bytes()[3];
                carry = value >> 8;
            }
        }
        number
    }

    #[test]
    fn the_smallest_and_the_largest_key_are_as_long_as_any() {
        assert_eq!(ApiKey::random(&These([0; 32])).expose(), "dw_00000000000000000000000000000000000000000002CZclj");
        let largest = ApiKey::random(&These([0xff; 32]));
        assert_eq!(largest.expose().len(), 52);
        assert!(is_well_formed(largest.expose()));
    }

    proptest! {
        #[test]
        fn a_key_holds_all_its_bits_and_is_known_by_its_form(bits: [u8; 32]) {
            let key = ApiKey::random(&These(bits));
            let text = key.expose();
            prop_assert!(is_well_formed(text));
            prop_assert_eq!(text.len(), 52);
            prop_assert!(text.starts_with("dw_") && text[3..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
            prop_assert_eq!(&number_of(&text[3..46])[1..], &bits);
            let debug = format!("{key:?}");
            prop_assert!(!debug.contains(&text[12..]));
        }

        #[test]
        fn another_character_anywhere_is_noticed(bits: [u8; 32], at in 0..52_usize, by in 33_u8..127) {
            let text = ApiKey::random(&These(bits)).0;
            let mut other = text.clone().into_bytes();
            other[at] = by;
            let other = String::from_utf8(other).unwrap();
            prop_assert_eq!(is_well_formed(&other), other == text);
        }

        #[test]
        fn what_is_longer_shorter_or_anything_else_is_refused(text in ".{0,80}", bits: [u8; 32], cut in 0..52_usize) {
            let key = ApiKey::random(&These(bits)).0;
            prop_assert!(!is_well_formed(&key[..cut]));
            prop_assert!(!is_well_formed(&(key.clone() + "0")));
            if !text.is_empty() {
                prop_assert!(!is_well_formed(&(key + &text)));
            }
            prop_assert!(!is_well_formed(&text));
        }
    }
}
