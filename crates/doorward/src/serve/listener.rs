//! The sockets that connections come in through.

use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream, lookup_host};

use super::{BoundAddress, ListenAddress, ServeError};

/// Connections that the system keeps for us until they are accepted.
const BACKLOG: u32 = 4096;

/// The rights on a Unix socket: its user and group may connect, nobody else.
const UNIX_MODE: u32 = 0o660;

/// A socket that accepts connections.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, Option<SocketFile>),
}

/// A connection as it was accepted.
pub(super) enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Listener {
    /// Binds an address; a host name gives a listener for each of its addresses.
    pub(super) async fn bind(address: &ListenAddress) -> Result<Vec<Self>, ServeError> {
        match address {
            ListenAddress::Tcp { host, port } => bind_tcp(address, host, *port).await,
            ListenAddress::Unix(path) => Ok(vec![bind_unix(path)?]),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer)),
            Self::Unix(listener, _) => listener.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
        }
    }

    /// Closes the socket, after taking the connections that wait in its queue.
    pub(super) fn close(self) -> io::Result<Vec<Accepted>> {
        // Asks the system itself: the runtime may not have heard yet of the last ones.
        match self {
            Self::Tcp(listener) => {
                let listener = listener.into_std()?;
                drain(|| {
                    let (stream, peer) = listener.accept()?;
                    stream.set_nonblocking(true)?;
                    Ok(Accepted::Tcp(TcpStream::from_std(stream)?, peer))
                })
            }
            Self::Unix(listener, _file) => {
                let listener = listener.into_std()?;
                drain(|| {
                    let (stream, _) = listener.accept()?;
                    stream.set_nonblocking(true)?;
                    Ok(Accepted::Unix(UnixStream::from_std(stream)?))
                })
            }
        }
    }

    pub(super) fn address(&self, tls: bool) -> io::Result<BoundAddress> {
        Ok(match self {
            Self::Tcp(listener) => BoundAddress::Tcp { address: listener.local_addr()?, tls },
            Self::Unix(_, Some(file)) => BoundAddress::Unix(Some(file.path.clone())),
            Self::Unix(listener, None) => BoundAddress::Unix(listener.local_addr()?.as_pathname().map(Path::to_owned)),
        })
    }
}

/// Whether accepting failed because of the one connection that was to be accepted.
pub(super) fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

fn drain(mut accept: impl FnMut() -> io::Result<Accepted>) -> io::Result<Vec<Accepted>> {
    let mut waiting = Vec::new();
    loop {
        match accept() {
            Ok(accepted) => waiting.push(accepted),
            Err(error) if is_the_peers(&error) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock || !waiting.is_empty() => return Ok(waiting),
            Err(error) => return Err(error),
        }
    }
}

async fn bind_tcp(address: &ListenAddress, host: &str, port: u16) -> Result<Vec<Listener>, ServeError> {
    let refuse = |source| ServeError::Bind { address: address.clone(), source };
    let mut listeners = Vec::new();
    let mut unavailable = None;
    for socket_address in lookup_host((host, port)).await.map_err(refuse)? {
        match listen(socket_address) {
            Ok(listener) => listeners.push(Listener::Tcp(listener)),
            // `localhost` also stands for ::1 on machines without IPv6.
            Err(error) if is_unavailable(&error) => unavailable = Some(error),
            Err(error) => return Err(refuse(error)),
        }
    }
    if listeners.is_empty() {
        return Err(refuse(unavailable.unwrap_or_else(|| io::ErrorKind::NotFound.into())));
    }
    Ok(listeners)
}

fn is_unavailable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart must not wait for the old process's connections to leave TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A Unix socket's file, removed with the listener unless another socket has taken its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // Left behind it would only be replaced at the next start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

fn bind_unix(path: &Path) -> Result<Listener, ServeError> {
    let refuse = |source| ServeError::Bind { address: ListenAddress::Unix(path.to_owned()), source };
    make_way(path)?;
    // Made under another name and moved: nobody can connect before the rights are set, and a
    // client sees the old socket or the new one, never none.
    let mut making = path.as_os_str().to_owned();
    making.push(format!(".{}", std::process::id()));
    let making = PathBuf::from(making);
    let listener = UnixListener::bind(&making).map_err(refuse)?;
    let in_place = std::fs::set_permissions(&making, Permissions::from_mode(UNIX_MODE))
        .and_then(|()| std::fs::rename(&making, path));
    if let Err(error) = in_place {
        let _ = std::fs::remove_file(&making);
        return Err(refuse(error));
    }
    let file = SocketFile { path: path.to_owned(), identity: identity(path) };
    Ok(Listener::Unix(listener, Some(file)))
}

/// A socket that nobody listens to any more may be replaced; anything else may not.
fn make_way(path: &Path) -> Result<(), ServeError> {
    let Ok(about) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !about.file_type().is_socket() {
        return Err(ServeError::NotASocket { path: path.to_owned() });
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(source) => Err(ServeError::Bind { address: ListenAddress::Unix(path.to_owned()), source }),
        Ok(_) => Err(ServeError::Bind {
            address: ListenAddress::Unix(path.to_owned()),
            source: io::ErrorKind::AddrInUse.into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[tokio::test]
    async fn a_unix_socket_is_private_and_goes_away_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("doorward.sock");
        let listener = bind_unix(&path).unwrap();
        assert_eq!(mode(&path), 0o660);
        assert_eq!(listener.address(false).unwrap().to_string(), format!("unix:{}", path.display()));
        drop(listener);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn only_a_dead_socket_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("doorward.sock");

        let dead = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(dead);
        let living = bind_unix(&path).unwrap();
        assert!(UnixStream::connect(&path).await.is_ok());

        let error = bind_unix(&path).unwrap_err();
        assert!(
            matches!(&error, ServeError::Bind { source, .. } if source.kind() == io::ErrorKind::AddrInUse),
            "{error}"
        );
        drop(living);

        std::fs::write(&path, "somebody's notes").unwrap();
        let error = bind_unix(&path).unwrap_err();
        assert!(matches!(error, ServeError::NotASocket { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody's notes");
    }

    #[tokio::test]
    async fn a_successor_keeps_its_socket_when_the_predecessor_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("doorward.sock");
        let predecessor = bind_unix(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let _successor = bind_unix(&path).unwrap();
        drop(predecessor);
        assert!(UnixStream::connect(&path).await.is_ok());
    }

    #[tokio::test]
    async fn a_taken_port_is_refused_with_the_way_out() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address: ListenAddress = taken.local_addr().unwrap().to_string().parse().unwrap();
        let error = Listener::bind(&address).await.unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&address.to_string()) && message.contains("already"), "{message}");
    }
}
