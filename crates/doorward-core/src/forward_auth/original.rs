use std::fmt;

use http::Method;

use super::{Host, NormalPath, Unforwarded};

/// What was asked of the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The method, in capitals.
    pub method: Method,
    /// `http` or `https`.
    pub scheme: Scheme,
    /// The host, without the port.
    pub host: Host,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// The path.
    pub path: NormalPath,
    /// What stands behind the `?`.
    pub query: Option<String>,
}

/// Whether the connection to the proxy is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// It is not.
    Http,
    /// It is.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Original {
    /// Reads a request as a proxy tells it: method, scheme, host with or without port, path with or without query.
    ///
    /// # Errors
    /// [`Unforwarded`] where one of them could be read in two ways.
    pub fn read(method: &str, scheme: &str, host: &str, target: &str) -> Result<Self, Unforwarded> {
        // Methods are case-sensitive (RFC 9110 §9.1), and some servers don't know: `get` must not pass by the rule for `GET`.
        let capitals = (1..=20).contains(&method.len()) && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        let method = Method::from_bytes(method.as_bytes()).ok().filter(|_| capitals);
        let method = method.ok_or(Unforwarded::OriginalUnclear("the method is none"))?;
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(Unforwarded::OriginalUnclear("the scheme is neither http nor https")),
        };
        let (host, port) = Host::parse(host).map_err(|_| Unforwarded::OriginalUnclear("the host is none"))?;
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        if query.is_some_and(|query| !query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')) {
            return Err(Unforwarded::OriginalUnclear("a character that no query has"));
        }
        let path = NormalPath::parse(path)?;
        let port = port.filter(|port| *port != scheme.port());
        Ok(Self { method, scheme, host, port, path, query: query.map(str::to_owned) })
    }

    /// Reads a method and a whole URL, as a person writes them.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of_url(method: &str, url: &str) -> Result<Self, Unforwarded> {
        let unclear = Unforwarded::OriginalUnclear("the URL does not begin with http:// or https://");
        let (scheme, rest) = url.split_once("://").ok_or(unclear)?;
        let (host, target) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        let slash = if target.starts_with('/') { "" } else { "/" };
        Self::read(method, scheme, host, &format!("{slash}{target}"))
    }

    /// `host` or `host:port`.
    pub fn authority(&self) -> String {
        let host = self.host.as_str();
        self.port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// `scheme://host:port` (RFC 6454 §6.1).
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// The URL, the path in its one spelling.
impl fmt::Display for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)?;
        self.query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_into_its_parts() {
        let original = Original::of_url("GET", "https://App.example.com:443/a%62/?q=1?2").unwrap();
        assert_eq!(original.to_string(), "https://app.example.com/ab/?q=1?2");
        assert_eq!(original.origin(), "https://app.example.com");
        assert_eq!(Original::of_url("GET", "http://a:8081?x").unwrap().to_string(), "http://a:8081/?x");
    }

    #[test]
    fn g1_what_can_be_read_in_two_ways_is_refused() {
        for (method, scheme, host, target) in [
            ("get", "http", "a", "/"),
            ("GET, POST", "http", "a", "/"),
            ("", "http", "a", "/"),
            ("GET", "http, https", "a", "/"),
            ("GET", "HTTPS", "a", "/"),
            ("GET", "http", "a, b", "/"),
            ("GET", "http", "user@a", "/"),
            ("GET", "http", "a", "http://b/"),
            ("GET", "http", "a", "/?x#y"),
            ("GET", "http", "a", "/?x y"),
        ] {
            assert!(Original::read(method, scheme, host, target).is_err(), "{method} {scheme} {host} {target}");
        }
    }
}
