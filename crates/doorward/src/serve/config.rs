//! How to listen.

use std::time::Duration;

use super::{ListenAddress, TlsFiles};

/// How to listen. [`ServeConfig::default`] has sound values for all but the addresses.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Where to listen. Sockets that systemd hands over are used instead of these.
    pub listen: Vec<ListenAddress>,
    /// With these files every TCP socket speaks TLS 1.2 and 1.3; Unix sockets stay plain.
    pub tls: Option<TlsFiles>,
    /// Connections at once, all listeners together.
    pub max_connections: usize,
    /// For a TLS handshake.
    pub handshake_timeout: Duration,
    /// For the head of a request: from its first byte, or from the opening of the connection.
    pub header_read_timeout: Duration,
    /// For the body of a request. Past it the body ends in a [`BodyReadTimeout`](super::BodyReadTimeout).
    pub body_read_timeout: Duration,
    /// For each 16 KiB of an answer that the peer is slow to take.
    pub write_timeout: Duration,
    /// How long a connection may stay open between requests.
    pub idle_timeout: Duration,
    /// How long a stop waits for requests in flight.
    pub grace: Duration,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            tls: None,
            max_connections: 8192,
            handshake_timeout: Duration::from_secs(10),
            header_read_timeout: Duration::from_secs(10),
            body_read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            grace: Duration::from_secs(10),
        }
    }
}
