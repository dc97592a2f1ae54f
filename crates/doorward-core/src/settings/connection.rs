//! URLs that may carry a password.

use std::fmt;

use super::secret::{MASK, Secret};

/// A URL to connect to. Whatever in it may be a password is masked in `Debug`, `Display` and
/// `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionUrl(Secret);

impl ConnectionUrl {
    /// Takes the URL over, without looking at it.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Secret::new(url))
    }

    /// The URL itself, with its password.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl From<&str> for ConnectionUrl {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for ConnectionUrl {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

/// The names of parameters that hold something secret contain one of these.
const SECRET_PARAMETERS: [&str; 6] = ["pass", "pwd", "secret", "token", "key", "auth"];

fn masked(url: &str) -> String {
    let mut shown = url.to_owned();
    // To the last `@`, not the end of the host's part: a password typed without percent-encoding
    // may hold any of `/?#@`.
    if let Some((before, host)) = url.rsplit_once('@') {
        let scheme = before.find("://").map_or(0, |end| end + "://".len());
        if let Some(end) = before[scheme..].find(':') {
            shown = format!("{}:{MASK}@{host}", &before[..scheme + end]);
        }
    }
    let Some((start, query)) = shown.split_once('?') else {
        return shown;
    };
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    });
    format!("{start}?{}", parameters.collect::<Vec<_>>().join("&"))
}

fn is_secret(parameter: &str) -> bool {
    let name = parameter.to_ascii_lowercase();
    // A name with an escape in it could spell any of them.
    name.contains('%') || SECRET_PARAMETERS.iter().any(|part| name.contains(part))
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&masked(self.expose()), f)
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(self.expose()))
    }
}

impl serde::Serialize for ConnectionUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
