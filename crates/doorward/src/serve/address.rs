//! Where to listen, as the configuration writes it, and where the server then really listens.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// One place to listen: `host:port`, `[::1]:8080` or `unix:/run/doorward.sock`.
///
/// Port 0 lets the system choose a free port; [`BoundAddress`] tells which.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListenAddress {
    /// A TCP address. The host is a name or an IP address (IPv6 without brackets here).
    Tcp {
        /// A name or an IP address.
        host: String,
        /// The port; 0 for any free one.
        port: u16,
    },
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// Why a text is no [`ListenAddress`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no address to listen at: {reason}; write `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/doorward.sock`"
)]
pub struct ParseListenAddressError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for ListenAddress {
    type Err = ParseListenAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason| ParseListenAddressError { text: text.to_owned(), reason };
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err(refuse("the path of the socket is missing")),
                path if path.contains('\0') => Err(refuse("a path can't hold a NUL")),
                path => Ok(Self::Unix(PathBuf::from(path))),
            };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| refuse("the port is missing"))?;
        let host = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
            Some(Some(inside)) if inside.parse::<std::net::Ipv6Addr>().is_ok() => inside,
            Some(_) => return Err(refuse("what stands in the brackets is no IPv6 address")),
            None if host.contains(':') => {
                return Err(refuse("an IPv6 address needs brackets"));
            }
            None if host.is_empty() => {
                return Err(refuse("the host is missing (`0.0.0.0` or `[::]` stand for every address)"));
            }
            None if host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') => {
                return Err(refuse("the host isn't a name or an IP address"));
            }
            None => host,
        };
        // `u16::from_str` takes a leading plus sign.
        let port = Some(port)
            .filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|port| port.parse().ok())
            .ok_or_else(|| refuse("the port must be a number from 0 to 65535"))?;
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Where the server listens, with the port that it really got. Displays as
/// `http://127.0.0.1:8080`, `https://127.0.0.1:8443` or `unix:/run/doorward.sock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundAddress {
    /// A TCP socket.
    Tcp {
        /// Its address.
        address: SocketAddr,
        /// Whether it speaks TLS.
        tls: bool,
    },
    /// A Unix socket; the path is unknown only when another program made it and gave it no name.
    Unix(Option<PathBuf>),
}

impl BoundAddress {
    /// The socket's address when it is TCP.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp { address, .. } => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { address, tls: true } => write!(f, "https://{address}"),
            Self::Tcp { address, tls: false } => write!(f, "http://{address}"),
            Self::Unix(path) => {
                let path = path.as_deref().unwrap_or(Path::new("(unnamed)"));
                write!(f, "unix:{}", path.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written_alike() {
        for text in [
            "127.0.0.1:8080",
            "localhost:0",
            "[::1]:8080",
            "[::]:65535",
            "unix:/run/doorward.sock",
            "unix:relative.sock",
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        for (text, reason) in [
            ("", "the port is missing"),
            ("8080", "the port is missing"),
            (":8080", "the host is missing"),
            ("host:", "the port must be"),
            ("host:http", "the port must be"),
            ("host:65536", "the port must be"),
            ("host:+80", "the port must be"),
            ("::1:8080", "needs brackets"),
            ("[localhost]:80", "no IPv6 address"),
            ("[::1:80", "no IPv6 address"),
            ("a b:80", "isn't a name"),
            ("http://a:80", "needs brackets"),
            ("unix:", "the path of the socket is missing"),
        ] {
            let error = text.parse::<ListenAddress>().unwrap_err();
            assert!(error.reason.contains(reason), "{text}: {error}");
        }
    }
}
