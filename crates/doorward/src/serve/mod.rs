//! Serves an axum [`Router`] on sockets: TCP and Unix, plain or TLS, HTTP/1.1 and HTTP/2.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use doorward::serve::{self, ServeConfig};
//!
//! let config = ServeConfig {
//!     listen: vec!["127.0.0.1:8080".parse()?, "unix:/run/doorward.sock".parse()?],
//!     ..ServeConfig::default()
//! };
//! let router = axum::Router::new();
//! serve::run(router, config, serve::signals()?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What holds against unfriendly peers
//!
//! * **At most [`ServeConfig::max_connections`] connections.** When they are all taken, those that
//!   have been idle for a second are closed to make room; while none is idle, newcomers wait in the
//!   system's queue, which costs Doorward nothing. They are not answered 503: over TLS that would
//!   cost a handshake each, and connections come free soon, because every step has a limit:
//! * **Each step of a peer's has a time limit:** handshake, head, body, taking the answer, idleness.
//!   A byte now and then buys no time.
//! * **Sizes are bounded:** 32 KiB and 100 lines for a head (answered 431), 32 KiB of buffer each way
//!   for an HTTP/1 connection, 128 streams and 256 KiB for an HTTP/2 one; hyper ends connections that
//!   reset streams in bulk. Bodies are the router's to bound.
//! * **`Content-Length` beside `Transfer-Encoding`:** the length is ignored and dropped, and the
//!   connection is closed after the answer (RFC 9112, section 6.3), so nothing can hide behind it.
//!   A `Transfer-Encoding` that doesn't end in `chunked`, or differing lengths, are answered 400.

mod accept;
mod activity;
mod address;
mod body;
mod config;
mod connection;
mod error;
mod listener;
mod reload;
mod signals;
mod stream;
mod systemd;
mod tls;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use address::{BoundAddress, ListenAddress, ParseListenAddressError};
pub use body::BodyReadTimeout;
pub use config::ServeConfig;
pub use doorward_http::Peer;
pub use error::ServeError;
pub use signals::signals;
pub use tls::{TlsError, TlsFiles};

use accept::{Accepting, allow_descriptors};
use activity::Limits;
use connection::{Connections, Order};
use listener::Listener;
use reload::reload;
use tls::Certificate;

/// A server that has its sockets and does not answer yet.
#[derive(Debug)]
pub struct Server {
    config: ServeConfig,
    listeners: Vec<Listener>,
    addresses: Vec<BoundAddress>,
    certificate: Option<Certificate>,
}

/// Binds and serves until `shutdown` resolves, then finishes what was accepted.
///
/// [`Server::bind`] and [`Server::run`] in one, for those who need not know the ports.
pub async fn run(router: Router, config: ServeConfig, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
    Server::bind(config).await?.run(router, shutdown).await;
    Ok(())
}

impl Server {
    /// Reads the certificate and opens the sockets. From here on clients can connect; they are
    /// answered once [`Server::run`] runs.
    pub async fn bind(config: ServeConfig) -> Result<Self, ServeError> {
        let certificate = config.tls.clone().map(Certificate::load).transpose()?;
        let mut listeners = systemd::inherited_listeners()?;
        if listeners.is_empty() {
            for address in &config.listen {
                listeners.extend(Listener::bind(address).await?);
            }
        } else {
            tracing::info!("listening on the sockets from systemd instead of `listen`");
        }
        if listeners.is_empty() {
            return Err(ServeError::NowhereToListen);
        }
        let addresses = listeners
            .iter()
            .enumerate()
            .map(|(index, listener)| {
                listener
                    .address(certificate.is_some())
                    .map_err(|source| ServeError::InheritedSocket { number: index + 1, source })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { config, listeners, addresses, certificate })
    }

    /// Where the server listens.
    pub fn addresses(&self) -> &[BoundAddress] {
        &self.addresses
    }

    /// Serves until `shutdown` resolves. Then no further connection is accepted, idle ones are
    /// closed, and requests in flight are answered; those that take longer than
    /// [`ServeConfig::grace`] are cut. Must run inside a Tokio runtime.
    pub async fn run(self, router: Router, shutdown: impl Future<Output = ()>) {
        let Self { config, listeners, addresses, certificate } = self;
        let places = config.max_connections.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        allow_descriptors(places);

        let accepting = Arc::new(Accepting {
            connections: Arc::new(Connections {
                // Applies the state once instead of at each request.
                router: router.with_state(()),
                http: connection::http(),
                limits: Limits {
                    header_read: config.header_read_timeout,
                    idle: config.idle_timeout,
                    body_read: config.body_read_timeout,
                    write: config.write_timeout,
                },
                handshake_limit: config.handshake_timeout,
                tls: certificate.as_ref().map(Certificate::acceptor),
            }),
            places: Arc::new(Semaphore::new(places)),
            orders: watch::Sender::new(Order::Serve),
        });

        let mut acceptors = JoinSet::new();
        for listener in listeners {
            acceptors.spawn(Arc::clone(&accepting).accept(listener));
        }
        let status = format!("Listening on {}", join(&addresses));
        tracing::info!("{status}");
        systemd::ready(&status);

        tokio::select! {
            () = shutdown => {}
            () = reload(certificate, &status) => {}
            () = systemd::feed_watchdog() => {}
        }

        systemd::stopping();
        accepting.orders.send_replace(Order::Stop);
        let all = u32::try_from(places).unwrap_or(u32::MAX);
        let finish = async {
            while acceptors.join_next().await.is_some() {}
            // Every place is free again when the last connection has ended.
            let _ = accepting.places.acquire_many(all).await;
        };
        if timeout(config.grace, finish).await.is_err() {
            let open = places - accepting.places.available_permits();
            tracing::warn!(open, "connections cut: their requests outlasted the grace");
            accepting.orders.send_replace(Order::Abort);
        }
    }
}

fn join(addresses: &[BoundAddress]) -> String {
    let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
