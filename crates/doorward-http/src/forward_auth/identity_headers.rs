use std::fmt::Write as _;

use doorward_guard::Identity;
use http::{HeaderMap, HeaderName, HeaderValue};

const USER: HeaderName = HeaderName::from_static("x-doorward-user");
const ID: HeaderName = HeaderName::from_static("x-doorward-id");
const ROLES: HeaderName = HeaderName::from_static("x-doorward-roles");
const EMAIL: HeaderName = HeaderName::from_static("x-doorward-email");
const ASSERTION: HeaderName = HeaderName::from_static("x-doorward-assertion");

/// What the headers that only Doorward sets begin with.
const OURS: &[u8] = b"x-doorward-";

/// Whether such a header came with the request, in any spelling that a server behind could take for it: CGI and WSGI
/// make one name of `-` and `_`, and some servers of every other sign too.
pub(super) fn came_from_outside(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str().as_bytes();
        let alike = |(sent, ours): (&u8, &u8)| sent == ours || *ours == b'-' && !sent.is_ascii_alphanumeric();
        name.len() >= OURS.len() && name.iter().zip(OURS).all(alike)
    })
}

/// All of them, empty: a proxy that copies them overwrites what came from outside.
pub(super) fn of_nobody() -> HeaderMap {
    let empty = || HeaderValue::from_static("");
    [USER, ID, ROLES, EMAIL, ASSERTION].into_iter().map(|name| (name, empty())).collect()
}

/// All of them.
pub(super) fn of(identity: &Identity, email: Option<&str>, assertion: Option<&str>) -> HeaderMap {
    let mut headers = of_nobody();
    let mut put = |name, text: &str| {
        // What is encoded is visible ASCII.
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    put(USER, &encoded(identity.username.as_deref().unwrap_or_default()));
    put(ID, &identity.user_id.to_string());
    put(ROLES, &identity.roles.iter().map(|role| encoded(role)).collect::<Vec<_>>().join(","));
    put(EMAIL, &encoded(email.unwrap_or_default()));
    if let Some(assertion) = assertion {
        put(ASSERTION, assertion);
    }
    headers
}

/// Text as it is where it is visible ASCII, all else, `%` and what separates in lists percent-encoded (RFC 3986 §2.1).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'%' | b',' | b';' | b'"' | b'\\') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g1_every_spelling_of_ours_is_seen() {
        let came = |name: &str| {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static(""))]);
            came_from_outside(&headers)
        };
        for name in [
            "X-Doorward-User",
            "x_doorward_user",
            "X-DOORWARD_Id",
            "x.doorward.roles",
            "x-doorward-anything",
            "x~doorward!email",
        ] {
            assert!(came(name), "{name}");
        }
        for name in ["x-doorwards-user", "doorward-user", "xx-doorward-user", "x-door-ward-user"] {
            assert!(!came(name), "{name}");
        }
    }

    #[test]
    fn no_name_makes_a_header_or_an_entry_of_a_list() {
        assert_eq!(encoded("susan@example.com"), "susan@example.com");
        assert_eq!(encoded("a,b c%\r\nX: y 王"), "a%2Cb%20c%25%0D%0AX:%20y%20%E7%8E%8B");
    }
}
