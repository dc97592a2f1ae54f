use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::Purpose;
use crate::{Doorward, database::UserId, random_bytes};

/// How many digits a typed code has: with [`super::MOST_TRIES`] tries, a guess succeeds once in 20
/// million.
const DIGITS: usize = 8;

/// A code that a person types.
pub(super) struct TypedCode(Zeroizing<String>);

impl TypedCode {
    pub(super) fn random(doorward: &Doorward) -> Self {
        // 2^64 is so much larger than 10^8 that the remainder prefers no code noticeably.
        let number = u64::from_be_bytes(random_bytes(doorward.randomness())) % 10_u64.pow(8);
        Self(Zeroizing::new(format!("{number:0DIGITS$}")))
    }

    /// Reads what a person typed, or copied with spaces or hyphens in it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > 4 * DIGITS {
            return None;
        }
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        (digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit())).then(|| Self(Zeroizing::new(digits)))
    }

    /// Bound to user and purpose: the row of another is of no use.
    pub(super) fn hash(&self, doorward: &Doorward, user: UserId, purpose: Purpose) -> Vec<u8> {
        let text = Zeroizing::new(format!("{}:{}:{}", user.0, purpose.word(), self.0.as_str()));
        hmac::sign(doorward.seal().one_time_code_key(), text.as_bytes()).as_ref().to_vec()
    }

    pub(super) fn into_string(self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_code_is_read_as_people_type_it() {
        for text in ["01234567", "0123 4567", " 0123-4567 "] {
            assert_eq!(TypedCode::parse(text).unwrap().0.as_str(), "01234567", "{text:?}");
        }
        for text in ["", "0123456", "012345678", "0123456a", "٠١٢٣٤٥٦٧", &" ".repeat(1_000)] {
            assert!(TypedCode::parse(text).is_none(), "{text:?}");
        }
    }
}
