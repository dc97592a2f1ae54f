use std::fmt;
use std::str::FromStr;

/// The id of a session: a UUID version 7 (RFC 9562 §5.7), so that it says itself when the session began.
///
/// Written as 32 lower-case hexadecimal digits, without hyphens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

/// The text or bytes are not a session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session id is a version 7 UUID as 32 lower-case hexadecimal digits")]
pub struct InvalidSessionId;

impl SessionId {
    /// An id for a session that begins at `unix_ms` (milliseconds since 1970, of which 48 bits are kept), made unguessable by
    /// `random`, of which 74 bits are kept.
    pub fn new(unix_ms: u64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&unix_ms.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Self(bytes)
    }

    /// The id with these bytes, if they are a UUID of version 7.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidSessionId> {
        if bytes[6] >> 4 == 7 && bytes[8] >> 6 == 0b10 { Ok(Self(bytes)) } else { Err(InvalidSessionId) }
    }

    /// The sixteen bytes of the UUID.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// When the session began, in milliseconds since 1970.
    pub fn created_ms(&self) -> i64 {
        let mut bytes = [0; 8];
        bytes[2..].copy_from_slice(&self.0[..6]);
        i64::from_be_bytes(bytes)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        // `from_str_radix` alone would take capitals, a sign and shorter text.
        let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(lower_hex) {
            return Err(InvalidSessionId);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| InvalidSessionId)?;
        Self::from_bytes(number.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_says_when_it_was_made() {
        let id = SessionId::new(1_584_244_200_123, [0xff; 10]);
        assert_eq!(id.created_ms(), 1_584_244_200_123);
        assert_eq!(id.to_string(), "0170dc5012bb7fffbfffffffffffffff");
    }

    #[test]
    fn text_and_bytes_come_back_as_they_were() {
        let id = SessionId::new(0xffff_ffff_ffff, [0x5a; 10]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(SessionId::from_bytes(*id.as_bytes()), Ok(id));
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "0170DC25DAFB7FFFBFFFFFFFFFFFFFFF",
            "+170dc25dafb7fffbfffffffffffffff",
            "0170dc25-dafb-7fff-bfff-ffffffffffff",
            "0170dc25dafb4fffbfffffffffffffff", // version 4
            "0170dc25dafb7fff3fffffffffffffff", // another variant
            "0170dc25dafb7fffbffffffffffffff",
            "0170dc25dafb7fffbffffffffffffffé",
        ] {
            assert_eq!(text.parse::<SessionId>(), Err(InvalidSessionId), "{text}");
        }
    }
}
