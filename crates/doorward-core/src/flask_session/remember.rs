use aws_lc_rs::hmac::{self, Key};

/// Whom Flask-Login's `remember_token` names: `ID|HMAC-SHA512`. It knows no time: it is good for as long as the secret is.
pub(super) fn read<'a>(secrets: &[&str], cookie: &'a str) -> Option<&'a str> {
    let (id, signature) = cookie.rsplit_once('|')?;
    let signature = from_hexadecimal(signature)?;
    let signed = secrets
        .iter()
        .filter_map(|secret| latin_1(secret))
        .any(|secret| hmac::verify(&Key::new(hmac::HMAC_SHA512, &secret), id.as_bytes(), &signature).is_ok());
    signed.then_some(id)
}

/// The secret as Flask-Login encodes it; `None` for one that it would fail on.
fn latin_1(secret: &str) -> Option<Vec<u8>> {
    secret.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    // As Python writes them: digits in capitals are another signature.
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None }).collect()
}
