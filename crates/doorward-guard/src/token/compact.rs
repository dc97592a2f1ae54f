//! JWS compact serialization (RFC 7515 §3.1), read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::json::Object;
use crate::Denied;

/// The longest token that is looked at, in bytes. Doorward's own are shorter than 1 KiB.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// A token taken apart; nothing about it is verified yet.
pub(crate) struct Compact<'a> {
    /// All of it.
    pub(crate) token: &'a [u8],
    pub(crate) header: Object,
    pub(crate) payload: Vec<u8>,
    /// What the signature is over: header and payload as they were sent.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, Denied> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Denied::Malformed("longer than a token may be"));
        }
        let mut segments = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(Denied::Malformed("not three segments"));
        };
        let signed = &token.as_bytes()[..header.len() + 1 + payload.len()];
        let header = Object::parse(&decode(header)?)?;
        // What `crit` names must be understood (RFC 7515 §4.1.11), and nothing is: `zip` and `enc` belong to encryption.
        if ["crit", "zip", "enc"].into_iter().any(|name| header.has(name)) {
            return Err(Denied::Malformed("crit, zip or enc in the header"));
        }
        Ok(Self { token: token.as_bytes(), header, payload: decode(payload)?, signed, signature: decode(signature)? })
    }
}

/// Base64url without padding, unused bits zero (RFC 7515 §2): one spelling for each sequence of bytes.
fn decode(segment: &str) -> Result<Vec<u8>, Denied> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| Denied::Malformed("not canonical base64url"))
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
