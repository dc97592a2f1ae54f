//! The server as its peers see it: at the socket.

pub(super) mod certificate;
mod limits;
mod plain;
mod process;
mod stop;
mod tls;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::{BoundAddress, Peer, ServeConfig, Server};

/// A running server; dropped, it goes on until the test's runtime ends.
struct Running {
    addresses: Vec<BoundAddress>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    gate: Arc<Gate>,
}

/// Holds the requests to `/gate` until the test lets them go.
#[derive(Default)]
struct Gate {
    entered: Notify,
    open: Notify,
}

impl Running {
    async fn start(config: ServeConfig) -> Self {
        let gate = Arc::new(Gate::default());
        let server = Server::bind(config).await.unwrap();
        let addresses = server.addresses().to_vec();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(router(Arc::clone(&gate)), async {
            let _ = stopped.await;
        }));
        Self { addresses, stop: Some(stop), task, gate }
    }

    fn address(&self) -> SocketAddr {
        self.addresses.iter().find_map(BoundAddress::tcp).unwrap()
    }

    async fn connect(&self) -> Client<TcpStream> {
        Client(TcpStream::connect(self.address()).await.unwrap())
    }

    /// Asks the server to stop, and lets it hear.
    async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        while tokio::net::TcpStream::connect(self.address()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

fn config() -> ServeConfig {
    ServeConfig { listen: vec!["127.0.0.1:0".parse().unwrap()], ..ServeConfig::default() }
}

fn router(gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/", get("hello"))
        .route("/peer", get(|Extension(peer): Extension<Peer>| async move { format!("{peer:?}") }))
        .route(
            "/echo",
            post(|body: Result<Bytes, _>| async move {
                body.map_err(|error: axum::extract::rejection::BytesRejection| {
                    (StatusCode::REQUEST_TIMEOUT, with_causes(&error))
                })
            }),
        )
        .route("/refuse", post(|| async { StatusCode::PAYLOAD_TOO_LARGE }))
        .route("/large", get(|| async { vec![b'x'; 64 << 20] }))
        .route(
            "/gate",
            get(move || async move {
                gate.entered.notify_one();
                gate.open.notified().await;
                "through"
            }),
        )
}

fn with_causes(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_causes(cause)),
        None => error.to_string(),
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const GET_GATE: &str = "GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A client that says exactly what it is told.
struct Client<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// One answer: its head and as much body as its `content-length` says.
    async fn answer(&mut self) -> String {
        let mut bytes = Vec::new();
        let head = loop {
            let byte = self.0.read_u8().await;
            bytes.push(byte.unwrap_or_else(|_| panic!("closed after {:?}", String::from_utf8_lossy(&bytes))));
            if bytes.ends_with(b"\r\n\r\n") {
                break String::from_utf8(bytes).unwrap();
            }
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        head + std::str::from_utf8(&body).unwrap()
    }

    /// Everything until the server closes; an error of the connection counts as its end.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes).await;
        String::from_utf8(bytes).unwrap()
    }

    async fn get(&mut self) -> String {
        self.send(GET).await;
        self.answer().await
    }
}

/// A folder with room for one socket or certificate.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it");
    (folder, path)
}

const SECOND: Duration = Duration::from_secs(1);
