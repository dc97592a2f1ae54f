use std::fmt::Write as _;

use sha2::{Digest, Sha512};

use crate::{hexadecimal::to_hexadecimal, session::Client};

/// Flask-Login's session identifier of a client: SHA-512, in hexadecimal, over how Python shows the bytes of the address and of
/// the `User-Agent`.
pub(super) fn of(client: &Client) -> String {
    let address = client.address.map(|address| address.to_canonical().to_string());
    let text = format!("{}|{}", shown(address.as_deref()), shown(client.user_agent.as_deref()));
    to_hexadecimal(&Sha512::digest(text))
}

/// `repr` of bytes, or `None`.
fn shown(text: Option<&str>) -> String {
    let Some(text) = text else { return "None".to_owned() };
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = format!("b{quote}");
    for byte in text.bytes() {
        match byte {
            b'\\' => shown.push_str("\\\\"),
            b'\t' => shown.push_str("\\t"),
            b'\n' => shown.push_str("\\n"),
            b'\r' => shown.push_str("\\r"),
            0x20..=0x7e if char::from(byte) == quote => {
                shown.push('\\');
                shown.push(quote);
            }
            0x20..=0x7e => shown.push(char::from(byte)),
            _ => {
                // Writing to a string can't fail.
                let _ = write!(shown, "\\x{byte:02x}");
            }
        }
    }
    shown.push(quote);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_python_shows_them() {
        for (text, python) in [
            (Some("curl/8"), "b'curl/8'"),
            (Some("it's"), "b\"it's\""),
            (Some("'\""), "b'\\'\"'"),
            (Some("a\\b\té"), "b'a\\\\b\\t\\xc3\\xa9'"),
            (None, "None"),
        ] {
            assert_eq!(shown(text), python);
        }
    }
}
