//! The spellings in which a secret could be written down.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Hexadecimal, in small letters.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Base64 without padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0, |group, byte| (group << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(STANDARD[(group >> (18 - 6 * at) & 63) as usize]));
        }
    }
    // 32 bytes, as a seal key has, need one sign of padding to be read.
    if bytes.len() == 32 { text + "=" } else { text }
}

/// The bytes of a base64 of either alphabet.
pub(super) fn from_base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut group, mut bits) = (Vec::new(), 0_u32, 0);
    for sign in text.bytes().map(|sign| {
        if sign == b'-' {
            b'+'
        } else if sign == b'_' {
            b'/'
        } else {
            sign
        }
    }) {
        let Some(value) = STANDARD.iter().position(|known| *known == sign) else { break };
        group = (group << 6) | u32::try_from(value).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(group >> bits).unwrap());
            group &= (1 << bits) - 1;
        }
    }
    bytes
}

/// As it stands, in hexadecimal, and in base64 wherever in a longer text it begins.
pub(super) fn spellings(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    assert!(secret.len() >= 12, "too short to be told from chance");
    let hex = hex(secret);
    let mut all = vec![
        ("as it stands", secret.to_vec()),
        ("in hexadecimal", hex.to_uppercase().into_bytes()),
        ("in hexadecimal", hex.into_bytes()),
    ];
    for before in 0..3 {
        // Whole groups only: the first and the last share their signs with what stands around.
        let inner = &secret[before..];
        let text = base64(&inner[..inner.len() / 3 * 3]).trim_end_matches('=').to_owned();
        all.push(("in base64", text.replace('+', "-").replace('/', "_").into_bytes()));
        all.push(("in base64", text.into_bytes()));
    }
    all
}
