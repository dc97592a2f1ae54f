use std::{fmt, str::FromStr};

/// The longest name of a host (RFC 1035 §2.3.4).
const MOST_BYTES: usize = 253;

/// The host of a request in its one spelling, without the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(String);

/// What is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a host is written in ASCII (an IDN in its `xn--` form), without a dot at the end")]
pub struct NoHost;

impl Host {
    /// Reads `HOST` or `HOST:PORT`; the port goes apart.
    ///
    /// # Errors
    /// [`NoHost`] for what two servers could take for two hosts.
    pub fn parse(text: &str) -> Result<(Self, Option<u16>), NoHost> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']').ok_or(NoHost)?;
            let address: std::net::Ipv6Addr = address.parse().map_err(|_| NoHost)?;
            (format!("[{address}]"), port)
        } else {
            let (name, port) = text.find(':').map_or((text, ""), |at| text.split_at(at));
            if !is_name(name) {
                return Err(NoHost);
            }
            (name.to_ascii_lowercase(), port)
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| NoHost)?)
            }
            None if port.is_empty() => None,
            _ => return Err(NoHost),
        };
        Ok((Self(host), port))
    }

    /// The name, or the address; IPv6 in brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Labels of letters, digits, hyphens and underscores. IPv4 addresses are such names too.
fn is_name(name: &str) -> bool {
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= MOST_BYTES && name.split('.').all(|label| !label.is_empty() && label.bytes().all(in_label))
}

/// Which hosts a rule is for: one, or all below a domain (`*.example.com`, without the domain itself).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// This host.
    Exactly(Host),
    /// Every host below this domain, however many labels it has more.
    Below(Host),
}

impl HostPattern {
    /// Whether the host is meant.
    pub fn matches(&self, host: &Host) -> bool {
        match self {
            Self::Exactly(name) => name == host,
            Self::Below(domain) => host
                .0
                .strip_suffix(&domain.0)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|rest| !rest.is_empty()),
        }
    }
}

impl FromStr for HostPattern {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let (name, make): (_, fn(Host) -> Self) = match text.strip_prefix("*.") {
            Some(domain) => (domain, Self::Below),
            None => (text, Self::Exactly),
        };
        match Host::parse(name)? {
            (host, None) => Ok(make(host)),
            // A rule holds at every port.
            (_, Some(_)) => Err(NoHost),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(host) => f.write_str(&host.0),
            Self::Below(domain) => write!(f, "*.{}", domain.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().matches(&Host::parse(host).unwrap().0)
    }

    #[test]
    fn one_host_or_all_below_a_domain() {
        assert!(matches("app.example.com", "APP.example.com:8443"));
        assert!(matches("*.example.com", "a.b.example.com"));
        assert!(matches("127.0.0.1", "127.0.0.1:8080"));
        assert!(matches("[::1]", "[0:0::1]:80"));
        for (pattern, host) in [
            ("app.example.com", "example.com"),
            ("app.example.com", "app.example.com.evil.example"),
            ("*.example.com", "example.com"),
            ("*.example.com", "evilexample.com"),
        ] {
            assert!(!matches(pattern, host), "{pattern} is for {host}");
        }
    }

    #[test]
    fn g1_what_is_no_host_is_none() {
        for text in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a,b",
            "a/b",
            "a@b",
            "a:b",
            "a:",
            "a:99999",
            "a:1:2",
            "é.example",
            "[::1",
            "[x]",
            "[::1]x",
            "a%2eb",
            "*",
            "*.example.com",
            "a\\b",
            "a:+1",
        ] {
            let read = Host::parse(text);
            assert!(read.is_err() || text == "a:", "{text}: {read:?}");
        }
        for text in ["*", "*.", "a.*", "*.*.example.com", "example.com:80", "", "http://a"] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}
