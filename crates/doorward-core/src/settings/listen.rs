//! Addresses to listen on.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// Where connections are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Listen {
    /// An IP address and port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// A Unix socket at that path.
    Unix(PathBuf),
}

impl Listen {
    /// Reads `IP:PORT`, `localhost:PORT` (127.0.0.1) or `unix:/PATH`. The error says how to
    /// write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if Path::new(path).is_absolute() {
                Ok(Self::Unix(path.into()))
            } else {
                Err("Give the socket's whole path, for example `unix:/run/doorward.sock`.".into())
            };
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Tcp(address));
        }
        if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
            return Ok(Self::Tcp(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)));
        }
        Err(match (text.parse::<IpAddr>(), text.trim_start_matches([':', '*']).parse::<u16>()) {
            (Ok(ip), _) => format!("Add the port, for example `{}`.", SocketAddr::new(ip, 8080)),
            (_, Ok(port)) => {
                format!("Say on which address: `127.0.0.1:{port}` for this machine, `0.0.0.0:{port}` for all.")
            }
            _ => "Write the address in digits, for example `127.0.0.1:8080` or `[::1]:8080`.".into(),
        })
    }

    /// Whether only this machine can reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
