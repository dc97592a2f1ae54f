use std::time::Duration;

use http::{Request, StatusCode, header::USER_AGENT};
use http_body_util::Full;
use sha1::{Digest, Sha1};

use crate::{
    Doorward,
    hexadecimal::to_hexadecimal,
    outbound::{Limits, OutboundError},
    password::NewPassword,
};

/// A range of a thousand suffixes with padding is about 40 KB.
const MOST_BYTES: usize = 1024 * 1024;

/// What breaches are known of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaches {
    /// None.
    None,
    /// It stands in at least one.
    Some,
}

/// Whether `password` stands in a known breach, as far as `password.breach_url` can be asked. One that doesn't
/// answer refuses nobody: that is counted and logged.
pub(super) async fn is_breached(doorward: &Doorward, password: &NewPassword) -> bool {
    let Some(url) = &doorward.settings().password.breach_url else { return false };
    let (outcome, breached) = match ask(doorward, url.expose(), password).await {
        Ok(Breaches::None) => ("clear", false),
        Ok(Breaches::Some) => ("breached", true),
        Err(error) => {
            tracing::warn!(%error, "a new password could not be looked up in the known breaches; it was taken");
            ("unavailable", false)
        }
    };
    metrics::counter!("doorward_breach_checks_total", "outcome" => outcome).increment(1);
    breached
}

#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("the answer's status is {0}")]
    Status(StatusCode),
    #[error("the answer is no list of suffixes")]
    NoList,
    #[error("`password.breach_url` is no URL")]
    NoUrl,
}

/// The range protocol of Have I Been Pwned: only the first 20 bits of the SHA-1 leave this machine, and the
/// answer is padded, so that its length doesn't tell which they were.
async fn ask(doorward: &Doorward, url: &str, password: &NewPassword) -> Result<Breaches, Unanswered> {
    let hash = to_hexadecimal(&Sha1::digest(password.expose())).to_uppercase();
    let (prefix, suffix) = hash.split_at(5);
    let request = Request::get(format!("{}/{prefix}", url.trim_end_matches('/')))
        .header("Add-Padding", "true")
        .header(USER_AGENT, concat!("doorward/", env!("CARGO_PKG_VERSION")))
        .body(Full::default())
        .map_err(|_| Unanswered::NoUrl)?;
    let time = Duration::from_millis(doorward.settings().password.breach_timeout_ms);
    let answer = doorward.outbound().send(request, Limits { time, body_bytes: MOST_BYTES }).await?;
    if answer.status != StatusCode::OK {
        return Err(Unanswered::Status(answer.status));
    }
    find(&answer.body, suffix).ok_or(Unanswered::NoList)
}

/// Looks for the line `SUFFIX:COUNT`. Padding has the count 0.
fn find(body: &[u8], suffix: &str) -> Option<Breaches> {
    let mut found = Breaches::None;
    for line in std::str::from_utf8(body).ok()?.lines().filter(|line| !line.is_empty()) {
        let (name, count) = line.split_once(':')?;
        let count: u64 = count.trim().parse().ok()?;
        if name.eq_ignore_ascii_case(suffix) && count > 0 {
            found = Breaches::Some;
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_found_in_any_case_and_padding_counts_for_nothing() {
        let body = b"0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:0\r\n";
        assert_eq!(find(body, "0018A45C4D1DEF81644B54AB7F969B88D65"), Some(Breaches::Some));
        assert_eq!(find(body, "0018a45c4d1def81644b54ab7f969b88d65"), Some(Breaches::Some));
        assert_eq!(find(body, "00D4F6E8FA6EECAD2A3AA415EEC418D38EC"), Some(Breaches::None));
        assert_eq!(find(body, "FFD4F6E8FA6EECAD2A3AA415EEC418D38EC"), Some(Breaches::None));
        assert_eq!(find(b"<html>", "0018A45C4D1DEF81644B54AB7F969B88D65"), None);
        assert_eq!(find(b"", "0018A45C4D1DEF81644B54AB7F969B88D65"), Some(Breaches::None));
    }
}
