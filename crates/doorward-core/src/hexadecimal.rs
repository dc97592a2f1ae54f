/// Lower-case hexadecimal digits.
pub(crate) fn to_hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

/// The bytes that hexadecimal digits of either case stand for; an odd number of them stands for none.
pub(crate) fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_come_back(bytes in any::<Vec<u8>>()) {
            let text = to_hexadecimal(&bytes);
            prop_assert_eq!(from_hexadecimal(&text.to_uppercase()), Some(bytes.clone()));
            prop_assert_eq!(from_hexadecimal(&text), Some(bytes));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = from_hexadecimal(&text);
        }
    }
}
