//! What is asked of Doorward, and how much an answer may cost.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;

use crate::outbound::{Limits, Outbound, OutboundError};

/// How long Doorward may keep a request for news waiting, in seconds.
const WAIT_SECONDS: u64 = 5;

/// Time enough for 64 MB at 2 MB/s.
const SNAPSHOT: Limits = Limits { time: Duration::from_secs(WAIT_SECONDS + 30), body_bytes: 64 << 20 };
const EVENTS: Limits = Limits { time: Duration::from_secs(WAIT_SECONDS + 5), body_bytes: 1 << 20 };
const JWKS: Limits = Limits { time: Duration::from_secs(5), body_bytes: 64 << 10 };
/// A request of someone waits for this one.
const INTROSPECTION: Limits = Limits { time: Duration::from_secs(2), body_bytes: 64 << 10 };

/// Asks Doorward.
pub(super) struct Asking {
    base: String,
    authorization: HeaderValue,
    outbound: Outbound,
}

/// Why there is no answer that can be used. Shown in the guard's status.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    #[error("{0}: the service key is not accepted")]
    NotAccepted(StatusCode),
    #[error("{0}: the service key lacks the scope for this")]
    ScopeMissing(StatusCode),
    #[error("{0} is answered instead of 200")]
    Status(StatusCode),
    /// It says what it may not, so nothing of it is believed.
    #[error("the answer can't be used: {0}")]
    Malformed(&'static str),
    #[error("too many requests wait for an answer")]
    Busy,
}

impl Asking {
    pub(super) fn new(base: String, authorization: HeaderValue) -> Self {
        Self { base, authorization, outbound: Outbound::default() }
    }

    pub(super) fn url(&self) -> &str {
        &self.base
    }

    /// What came after `after`; without it, everything.
    pub(super) async fn revocations(&self, after: Option<i64>) -> Result<Bytes, NoAnswer> {
        match after {
            Some(after) => {
                let path = format!("/revocations?after={after}&wait={WAIT_SECONDS}");
                self.get(&path, true, EVENTS).await
            }
            None => self.get("/revocations", true, SNAPSHOT).await,
        }
    }

    pub(super) async fn jwks(&self) -> Result<Bytes, NoAnswer> {
        // Public: the key is shown to no door that does not ask for it.
        self.get("/.well-known/jwks.json", false, JWKS).await
    }

    pub(super) async fn introspect(&self, credential: &str) -> Result<Bytes, NoAnswer> {
        let body = format!("token={}", form_encoded(credential));
        let request =
            self.request(Method::POST, "/introspect", true).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, body.into(), INTROSPECTION).await
    }

    async fn get(&self, path: &str, authorized: bool, limits: Limits) -> Result<Bytes, NoAnswer> {
        self.send(self.request(Method::GET, path, authorized), Bytes::new(), limits).await
    }

    fn request(&self, method: Method, path: &str, authorized: bool) -> http::request::Builder {
        let request =
            Request::builder().method(method).uri(format!("{}{path}", self.base)).header(ACCEPT, "application/json");
        if authorized { request.header(AUTHORIZATION, self.authorization.clone()) } else { request }
    }

    async fn send(&self, request: http::request::Builder, body: Bytes, limits: Limits) -> Result<Bytes, NoAnswer> {
        let request = request.body(Full::new(body)).map_err(|_| NoAnswer::Malformed("no URL"))?;
        let answer = self.outbound.send(request, limits).await?;
        match answer.status {
            StatusCode::OK => Ok(answer.body),
            status @ StatusCode::UNAUTHORIZED => Err(NoAnswer::NotAccepted(status)),
            status @ StatusCode::FORBIDDEN => Err(NoAnswer::ScopeMissing(status)),
            status => Err(NoAnswer::Status(status)),
        }
    }
}

/// `application/x-www-form-urlencoded`: what is not unreserved (RFC 3986 §2.3) is escaped.
fn form_encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            for digit in [byte >> 4, byte & 15] {
                encoded.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
            let at = encoded.len() - 2;
            encoded.insert(at, '%');
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_one_value_of_a_form() {
        assert_eq!(form_encoded("dw_aZ09-.~"), "dw_aZ09-.~");
        assert_eq!(form_encoded("a&b=c+d%é"), "a%26b%3Dc%2Bd%25%C3%A9");
    }
}
