//! A Doorward by script: each request waits until the test says what is answered.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

/// A request that waits for its answer.
pub(crate) struct Exchange {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
    answer: oneshot::Sender<Response<Script>>,
}

impl Exchange {
    pub(crate) fn json(self, body: &Value) {
        self.answer(200, &body.to_string());
    }

    pub(crate) fn answer(self, status: u16, body: &str) {
        self.send(Response::builder().status(status), Script::text(body, Then::End));
    }

    pub(crate) fn redirect(self, location: &str) {
        self.send(Response::builder().status(302).header("location", location), Script::text("", Then::End));
    }

    /// The headers and the beginning of an answer, and then nothing any more.
    pub(crate) fn freeze(self, beginning: &str) {
        self.send(Response::builder(), Script::text(beginning, Then::Frozen));
    }

    /// An answer without end; how many bytes of it were taken stands in the counter.
    pub(crate) fn endless(self, beginning: &str) -> Arc<AtomicU64> {
        let taken = Arc::new(AtomicU64::new(0));
        self.send(Response::builder(), Script::text(beginning, Then::Endless(Arc::clone(&taken))));
        taken
    }

    /// The connection ends without an answer.
    pub(crate) fn cut(self) {
        drop(self.answer);
    }

    /// Returns when nobody waits for the answer any more.
    pub(crate) async fn abandoned(mut self) {
        self.answer.closed().await;
    }

    fn send(self, response: http::response::Builder, script: Script) {
        // Whoever asked may be gone, which some tests are about.
        let _ = self.answer.send(response.body(script).unwrap());
    }
}

/// A body by script.
struct Script {
    frames: VecDeque<Bytes>,
    then: Then,
}

enum Then {
    End,
    Frozen,
    Endless(Arc<AtomicU64>),
}

impl Script {
    fn text(text: &str, then: Then) -> Self {
        Self { frames: VecDeque::from([Bytes::copy_from_slice(text.as_bytes())]), then }
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        if let Some(frame) = self.frames.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(frame))));
        }
        match &self.then {
            Then::End => Poll::Ready(None),
            Then::Frozen => Poll::Pending,
            Then::Endless(taken) => {
                static CHUNK: [u8; 1 << 16] = [b' '; 1 << 16];
                taken.fetch_add(CHUNK.len() as u64, Ordering::Relaxed);
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK)))))
            }
        }
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Exchange>,
    /// Requests that came while the test asked for others.
    early: VecDeque<Exchange>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                let service = service_fn(move |request| exchange(request, sender.clone()));
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(async move { connection.serve_connection(TokioIo::new(stream), service).await });
            }
        });
        Self { address, requests, early: VecDeque::new() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request whose path begins like this.
    pub(crate) async fn next(&mut self, path: &str) -> Exchange {
        if let Some(place) = self.early.iter().position(|early| early.path.starts_with(path)) {
            return self.early.remove(place).unwrap();
        }
        loop {
            let request = self.requests.recv().await.unwrap();
            if request.path.starts_with(path) {
                return request;
            }
            self.early.push_back(request);
        }
    }

    pub(crate) fn put_back(&mut self, request: Exchange) {
        self.early.push_front(request);
    }

    /// What waits now is not answered any more.
    pub(crate) fn forget(&mut self) {
        while self.requests.try_recv().is_ok() {}
        self.early.clear();
    }

    /// Whether a request whose path begins like this waits now.
    pub(crate) fn has(&mut self, path: &str) -> bool {
        while let Ok(request) = self.requests.try_recv() {
            self.early.push_back(request);
        }
        self.early.iter().any(|early| early.path.starts_with(path))
    }
}

async fn exchange(
    request: Request<Incoming>,
    sender: mpsc::UnboundedSender<Exchange>,
) -> Result<Response<Script>, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let (answer, answered) = oneshot::channel();
    let exchange = Exchange {
        path: parts.uri.path_and_query().unwrap().to_string(),
        authorization: parts.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()),
        body: String::from_utf8(body.to_vec()).unwrap(),
        answer,
    };
    sender.send(exchange).map_err(|_| "the test is over")?;
    Ok(answered.await?)
}

/// Lets time pass for every timer, without waiting.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
