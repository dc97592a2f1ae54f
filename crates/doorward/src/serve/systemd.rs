//! What systemd gives (sockets, a watchdog) and wants to know (ready, reloading, stopping).
//!
//! Without systemd every function here does nothing. Nothing is unset in the environment: that is
//! only safe before the first thread, and Doorward starts no programs that could inherit it.

use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::net::{TcpListener, UnixListener};

use super::ServeError;
use super::listener::Listener;

/// The listening sockets that systemd opened for this process (`sd_listen_fds(3)`); empty without.
pub(super) fn inherited_listeners() -> Result<Vec<Listener>, ServeError> {
    if std::env::var_os("LISTEN_FDS").is_none() {
        return Ok(Vec::new());
    }
    let mut inherited = ListenFd::from_env();
    (0..inherited.len())
        .map(|index| {
            take(&mut inherited, index).map_err(|source| ServeError::InheritedSocket { number: index + 1, source })
        })
        .collect()
}

fn take(inherited: &mut ListenFd, index: usize) -> std::io::Result<Listener> {
    // A descriptor of the wrong kind is left in its place and the error says what it was tried as.
    if let Ok(Some(listener)) = inherited.take_tcp_listener(index) {
        listener.set_nonblocking(true)?;
        return TcpListener::from_std(listener).map(Listener::Tcp);
    }
    match inherited.take_unix_listener(index)? {
        Some(listener) => {
            listener.set_nonblocking(true)?;
            // The socket's file is systemd's: it outlives this process.
            UnixListener::from_std(listener).map(|listener| Listener::Unix(listener, None))
        }
        None => Err(std::io::ErrorKind::NotFound.into()),
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "can't tell systemd about this service's state");
    }
}

/// The service answers. `status` is shown by `systemctl status`.
pub(super) fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The service reads its files again; [`ready`] must follow.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "can't tell systemd about the reload: no clock"),
    }
}

/// The service finishes its last requests and ends.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("Finishing the last requests")]);
}

/// Whether systemd runs this process as a service that reports to it.
pub(super) fn is_service() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Tells systemd's watchdog, when there is one, that this runtime still runs. Never returns.
pub(super) async fn feed_watchdog() {
    let Some(limit) = sd_notify::watchdog_enabled().filter(|limit| *limit > Duration::ZERO) else {
        return std::future::pending().await;
    };
    // Half the limit is what sd_watchdog_enabled(3) recommends.
    let mut ticks = tokio::time::interval(limit / 2);
    loop {
        ticks.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}
