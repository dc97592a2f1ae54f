use std::{fmt::Write as _, net::IpAddr, time::Duration};

use http::{Request, header::CONTENT_TYPE};
use http_body_util::Full;
use serde::Deserialize;

use super::{Challenge, Undecided};
use crate::{
    outbound::{Limits, Outbound},
    settings,
    settings::{ConnectionUrl, Secret},
};

/// The longest answer that is read, in bytes.
const MOST_BYTES: usize = 16 * 1024;

/// Asks a service by the protocol that Turnstile, hCaptcha and reCAPTCHA share: a form with `secret`,
/// `response` and `remoteip`, answered by JSON with `success`.
pub struct SiteVerify {
    url: ConnectionUrl,
    secret: Secret,
    hostname: Option<String>,
    time: Duration,
}

#[derive(Deserialize)]
struct Answer {
    success: bool,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

impl SiteVerify {
    /// As configured; none where nothing is.
    pub fn configured(settings: &settings::Challenge) -> Option<Self> {
        Some(Self {
            url: settings.verify_url.clone()?,
            secret: settings.secret.clone()?,
            hostname: settings.hostname.clone(),
            time: Duration::from_millis(settings.timeout_ms),
        })
    }

    fn verdict(&self, body: &[u8]) -> Result<bool, Undecided> {
        let answer: Answer =
            serde_json::from_slice(body).map_err(|_| Undecided("the answer is not that of a verifier".into()))?;
        // What is wrong on this side says nothing of whoever solved it.
        if let Some(code) = answer.error_codes.iter().find(|code| is_our_fault(code)) {
            return Err(Undecided(format!("the verifier says {}", code.escape_debug())));
        }
        let here = match (&self.hostname, &answer.hostname) {
            (Some(wanted), Some(is)) => wanted.eq_ignore_ascii_case(is),
            (Some(_), None) => false,
            (None, _) => true,
        };
        Ok(answer.success && here)
    }
}

fn is_our_fault(code: &str) -> bool {
    matches!(
        code,
        "missing-input-secret" | "invalid-input-secret" | "sitekey-secret-mismatch" | "bad-request" | "internal-error"
    )
}

#[async_trait::async_trait]
impl Challenge for SiteVerify {
    async fn is_solved(&self, outbound: &Outbound, solution: &str, address: Option<IpAddr>) -> Result<bool, Undecided> {
        let mut form = format!("secret={}&response={}", encoded(self.secret.expose()), encoded(solution));
        if let Some(address) = address {
            let _ = write!(form, "&remoteip={}", encoded(&address.to_canonical().to_string()));
        }
        let request = Request::post(self.url.expose())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))
            .map_err(|_| Undecided("`challenge.verify_url` is no URL".into()))?;
        let limits = Limits { time: self.time, body_bytes: MOST_BYTES };
        let answer = outbound.send(request, limits).await.map_err(|error| Undecided(error.to_string()))?;
        if !answer.status.is_success() && answer.status.as_u16() != 400 {
            return Err(Undecided(format!("the verifier answers {}", answer.status.as_u16())));
        }
        self.verdict(&answer.body)
    }
}

impl std::fmt::Debug for SiteVerify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SiteVerify").field("hostname", &self.hostname).finish_non_exhaustive()
    }
}

/// A value of a form: everything but RFC 3986's unreserved characters as `%XX`.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
