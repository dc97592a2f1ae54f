//! Why a server does not start.

use std::io;
use std::path::PathBuf;

use super::{ListenAddress, TlsError};

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is neither an address to listen at nor a socket from systemd.
    #[error("there is nowhere to listen: set `listen`, for example to `127.0.0.1:8080`")]
    NowhereToListen,
    /// An address can't be listened at.
    #[error("can't listen at `{address}`: {source}; {}", bind_hint(source))]
    Bind {
        /// The address.
        address: ListenAddress,
        /// What the system said.
        source: io::Error,
    },
    /// The place of a Unix socket is taken by something else.
    #[error("can't make the socket `{}`: there is already something else of that name; remove it, or choose another path in `listen`", path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// A socket that systemd handed over can't be used.
    #[error(
        "socket {number} of those that systemd handed over can't be used: {source}; the socket unit may only have `ListenStream=` lines"
    )]
    InheritedSocket {
        /// Counted from 1.
        number: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The TLS files can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

fn bind_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program (or another Doorward) listens there already: stop it, or set `listen` to another address"
        }
        io::ErrorKind::PermissionDenied => {
            "Doorward's user may not listen there: choose a port from 1024 up, a folder it may write to, or let systemd open the socket"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address: `ip address` shows those it has",
        io::ErrorKind::NotFound => "the folder of the socket must exist",
        _ => "check the address in `listen`",
    }
}
