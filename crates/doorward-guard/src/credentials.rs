use std::fmt;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};

use crate::{CredentialKind, Denied};

/// What every API key begins with. No token can: base64url with a `d` in front is no
/// JSON object.
pub const API_KEY_PREFIX: &str = "dw_";

/// Where a credential stood in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialSource {
    /// The header `token`, which clients of the Flask application send.
    TokenHeader,
    /// `Authorization: Bearer` (RFC 6750 §2.1).
    Authorization,
    /// A cookie. Browsers send it by themselves, so requests with it need a defence against other sites.
    Cookie,
}

/// What a request shows to say who is asking. `Debug` does not print it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Credential<'a> {
    /// What it looks like; nothing is verified yet.
    pub kind: CredentialKind,
    /// Where it stood.
    pub source: CredentialSource,
    /// The credential itself: visible ASCII without white space.
    pub value: &'a str,
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("kind", &self.kind).field("source", &self.source).finish_non_exhaustive()
    }
}

/// Finds the credential in a request.
#[derive(Debug, Clone, Copy)]
pub struct Credentials;

impl Credentials {
    /// The one credential that the headers hold: header `token` or `Authorization: Bearer`, else the cookie that is named
    /// first in `cookie_names` of those that are there. URLs are never searched (RFC 9700 §4.3.2).
    ///
    /// # Errors
    /// [`Denied::Missing`] without any; [`Denied::Ambiguous`] if two differ that may not (both headers, several lines of one,
    /// a cookie twice); [`Denied::Malformed`] if one is empty or holds characters that no credential has. Other schemes of
    /// `Authorization` are passed over: they are for someone else.
    pub fn from_headers<'a>(headers: &'a HeaderMap, cookie_names: &[&str]) -> Result<Credential<'a>, Denied> {
        let token = agreed(headers.get_all("token").iter().map(|line| Some(line.as_bytes())))?;
        let bearer = agreed(headers.get_all(AUTHORIZATION).iter().map(|line| bearer(line.as_bytes())))?.flatten();
        let (source, value) = match (token.flatten(), bearer) {
            (Some(token), Some(bearer)) if token != bearer => return Err(Denied::Ambiguous),
            (Some(token), _) => (CredentialSource::TokenHeader, token),
            (None, Some(bearer)) => (CredentialSource::Authorization, bearer),
            (None, None) => {
                let value = cookie(headers, cookie_names)?.ok_or(Denied::Missing)?;
                let value = visible(value)?;
                return Ok(Credential { kind: CredentialKind::SessionCookie, source: CredentialSource::Cookie, value });
            }
        };
        let value = visible(value)?;
        let kind = if value.starts_with(API_KEY_PREFIX) { CredentialKind::ApiKey } else { CredentialKind::AccessToken };
        Ok(Credential { kind, source, value })
    }
}

/// What all lines of one header say alike; `None` if there is no line.
fn agreed<T: PartialEq>(mut lines: impl Iterator<Item = T>) -> Result<Option<T>, Denied> {
    let Some(first) = lines.next() else { return Ok(None) };
    if lines.all(|line| line == first) { Ok(Some(first)) } else { Err(Denied::Ambiguous) }
}

/// What follows the scheme `Bearer` (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1). `None` for another scheme.
fn bearer(line: &[u8]) -> Option<&[u8]> {
    if line.is_empty() {
        // Whoever sends the header without anything meant to show something.
        return Some(line);
    }
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (scheme, rest) = line.split_at(end);
    scheme.eq_ignore_ascii_case(b"bearer").then(|| rest.trim_ascii_start())
}

/// The value of the cookie that is named first in `names` of those that are there.
fn cookie<'a>(headers: &'a HeaderMap, names: &[&str]) -> Result<Option<&'a [u8]>, Denied> {
    for name in names {
        let mut values = headers
            .get_all(COOKIE)
            .iter()
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
            .filter_map(|pair| named(pair, name));
        if let Some(value) = agreed(&mut values)? {
            // An emptied cookie is one that was taken away.
            if !value.is_empty() {
                return Ok(Some(value));
            }
        }
    }
    Ok(None)
}

/// The value of a `name=value` pair (RFC 6265 §4.2.1) if it has this name. Cookies of others may be as odd as they like.
fn named<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let pair = pair.strip_prefix(b" ").unwrap_or(pair);
    pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

/// Visible ASCII without what separates or quotes in headers and cookies: no credential holds such a character.
fn visible(value: &[u8]) -> Result<&str, Denied> {
    if value.is_empty() {
        return Err(Denied::Malformed("empty"));
    }
    // Every byte is looked at, wherever a bad one stands: so many are compared at a time.
    let odd = |byte: u8| !(0x21..=0x7e).contains(&byte) | matches!(byte, b'"' | b',' | b';' | b'\\');
    if value.iter().fold(false, |found, byte| found | odd(*byte)) {
        return Err(Denied::Malformed("a character that no credential has"));
    }
    std::str::from_utf8(value).map_err(|_| Denied::Malformed("a character that no credential has"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const COOKIES: &[&str] = &["__Host-doorward", "doorward"];

    fn find(lines: &[(&'static str, &str)]) -> Found {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Credentials::from_headers(&headers, COOKIES).map(|credential| (credential.source, credential.value.to_owned()))
    }

    type Found = Result<(CredentialSource, String), Denied>;

    fn found(source: CredentialSource) -> impl Fn(&str) -> Found {
        move |value| Ok((source, value.to_owned()))
    }

    fn token(value: &str) -> Found {
        found(CredentialSource::TokenHeader)(value)
    }

    fn bearer(value: &str) -> Found {
        found(CredentialSource::Authorization)(value)
    }

    fn cookie(value: &str) -> Found {
        found(CredentialSource::Cookie)(value)
    }

    #[test]
    fn each_place_is_read() {
        assert_eq!(find(&[]), Err(Denied::Missing));
        assert_eq!(find(&[("token", "a.b.c")]), token("a.b.c"));
        assert_eq!(find(&[("authorization", "Bearer a.b.c")]), bearer("a.b.c"));
        assert_eq!(find(&[("cookie", "x=1; doorward=abc; y=2")]), cookie("abc"));
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_other_schemes_are_for_others() {
        for line in ["bearer t", "BEARER t", "bEaReR t", "Bearer   t"] {
            assert_eq!(find(&[("authorization", line)]), bearer("t"), "{line}");
        }
        for line in ["Basic dTpw", "Bearerx t", "Digest username=x", "t"] {
            assert_eq!(find(&[("authorization", line)]), Err(Denied::Missing), "{line}");
            assert_eq!(find(&[("authorization", line), ("token", "t")]), token("t"), "{line}");
            assert_eq!(find(&[("authorization", line), ("cookie", "doorward=c")]), cookie("c"), "{line}");
        }
    }

    #[test]
    fn a_header_that_is_there_but_empty_is_malformed() {
        let empty = Err(Denied::Malformed("empty"));
        assert_eq!(find(&[("token", "")]), empty);
        assert_eq!(find(&[("authorization", "")]), empty);
        assert_eq!(find(&[("authorization", "Bearer")]), empty);
        assert_eq!(find(&[("authorization", "Bearer ")]), empty);
        assert_eq!(find(&[("token", ""), ("cookie", "doorward=c")]), empty);
    }

    #[test]
    fn c7_two_that_differ_are_refused() {
        for lines in [
            [("token", "a"), ("authorization", "Bearer b")],
            [("token", "a"), ("authorization", "Bearer ")],
            [("token", "a"), ("token", "b")],
            [("token", "a"), ("token", "")],
            [("authorization", "Bearer a"), ("authorization", "Bearer b")],
            [("authorization", "Bearer a"), ("authorization", "Basic dTpw")],
            [("cookie", "doorward=a; doorward=b"), ("accept", "*/*")],
            [("cookie", "doorward=a"), ("cookie", "doorward=b")],
        ] {
            assert_eq!(find(&lines), Err(Denied::Ambiguous), "{lines:?}");
        }
    }

    #[test]
    fn two_that_agree_are_one() {
        assert_eq!(find(&[("token", "a"), ("authorization", "Bearer a")]), token("a"));
        assert_eq!(find(&[("token", "a"), ("token", "a")]), token("a"));
        assert_eq!(find(&[("cookie", "doorward=a; doorward=a")]), cookie("a"));
    }

    #[test]
    fn a_header_wins_over_a_cookie_and_the_first_name_over_the_second() {
        assert_eq!(find(&[("cookie", "doorward=c"), ("token", "t")]), token("t"));
        assert_eq!(find(&[("cookie", "doorward=plain; __Host-doorward=host")]), cookie("host"));
        assert_eq!(find(&[("cookie", "__Host-doorward=; doorward=plain")]), cookie("plain"));
    }

    #[test]
    fn cookies_of_others_may_be_odd() {
        assert_eq!(find(&[("cookie", "é=\u{1f36a};;=; novalue; doorward=c")]), cookie("c"));
        assert_eq!(find(&[("cookie", "xdoorward=1; doorwardx=2; Doorward=3; doorward")]), Err(Denied::Missing));
        assert_eq!(find(&[("cookie", "a=b"), ("cookie", "doorward=c")]), cookie("c"));
    }

    #[test]
    fn what_no_credential_holds_is_malformed() {
        let odd = Err(Denied::Malformed("a character that no credential has"));
        for value in ["a b", "a,b", "Bearer a", "a;b", "\"a\"", "é", "a\tb", " a"] {
            assert_eq!(find(&[("token", value)]), odd, "{value}");
        }
        assert_eq!(find(&[("authorization", "Bearer a, Bearer b")]), odd);
        assert_eq!(find(&[("cookie", "doorward=\"a\"")]), odd);
        assert_eq!(find(&[("cookie", "doorward=a b")]), odd);
    }

    #[test]
    fn the_kind_is_seen_from_the_form() {
        let mut headers = HeaderMap::new();
        headers.insert("token", HeaderValue::from_static("dw_0123"));
        let kind = |headers: &HeaderMap| Credentials::from_headers(headers, COOKIES).unwrap().kind;
        assert_eq!(kind(&headers), CredentialKind::ApiKey);
        headers.insert("token", HeaderValue::from_static("a.b.c"));
        assert_eq!(kind(&headers), CredentialKind::AccessToken);
        headers.remove("token");
        headers.insert(COOKIE, HeaderValue::from_static("doorward=dw_0123"));
        assert_eq!(kind(&headers), CredentialKind::SessionCookie);
    }

    #[test]
    fn debug_shows_no_credential() {
        let mut headers = HeaderMap::new();
        headers.insert("token", HeaderValue::from_static("s3cret"));
        let credential = Credentials::from_headers(&headers, COOKIES).unwrap();
        assert!(!format!("{credential:?}").contains("s3cret"));
    }
}
