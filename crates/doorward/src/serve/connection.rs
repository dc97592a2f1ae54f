//! One connection, from its handshake to its end.

use doorward_http::Peer;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tower::Service;

use super::activity::{Activity, Limits, Phase, last_chance};
use super::body::{RequestBody, ResponseBody};
use super::listener::Accepted;
use super::stream::{Stream, Transport};
use super::tls::Acceptor;

/// What is kept in memory of what a peer sends or is sent over HTTP/1, and so the largest head of a
/// request, start line included: a larger one is answered 431.
const HTTP1_BUFFER: usize = 32 * 1024;
/// The largest head of an HTTP/2 request, as RFC 9113 counts it (section 6.5.2).
const HTTP2_HEAD: u32 = 32 * 1024;
/// Requests at once on one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 128;
/// What a peer may send ahead on an HTTP/2 stream, and on all of a connection's together.
const HTTP2_STREAM_WINDOW: u32 = 64 * 1024;
const HTTP2_CONNECTION_WINDOW: u32 = 256 * 1024;
/// What is kept of one stream's answer for a slow reader.
const HTTP2_SEND_BUFFER: usize = 64 * 1024;
/// An idle connection may be closed for a new one after this long.
const EVICTABLE_AFTER: Duration = Duration::from_secs(1);

/// What the server tells all its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Take requests.
    Serve,
    /// Connections have run out: who is idle closes.
    MakeRoom,
    /// Finish what was accepted.
    Stop,
    /// The grace is over.
    Abort,
}

impl Order {
    pub(super) fn is_stop(self) -> bool {
        matches!(self, Self::Stop | Self::Abort)
    }
}

/// What all connections share.
pub(super) struct Connections {
    pub(super) router: Router,
    pub(super) http: auto::Builder<TokioExecutor>,
    pub(super) limits: Limits,
    pub(super) handshake_limit: Duration,
    pub(super) tls: Option<Acceptor>,
}

/// HTTP/1.1 and HTTP/2 (over TLS by ALPN, in plain by prior knowledge), within bounds.
///
/// hyper's own time limit for heads is not used: it can't tell an idle connection from a head that
/// comes in drops, and does not cover the bytes by which HTTP/1 and HTTP/2 are told apart. See
/// [`Activity`].
pub(super) fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().header_read_timeout(None).max_buf_size(HTTP1_BUFFER);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW)
        .max_send_buf_size(HTTP2_SEND_BUFFER)
        .max_header_list_size(HTTP2_HEAD);
    http
}

impl Connections {
    /// Serves one connection to its end; the permit is its place among `max_connections`.
    pub(super) async fn serve(
        self: Arc<Self>,
        accepted: Accepted,
        mut orders: watch::Receiver<Order>,
        permit: OwnedSemaphorePermit,
    ) {
        let (transport, peer) = match accepted {
            Accepted::Unix(stream) => (Transport::Unix(stream), Peer { address: None, tls: false }),
            Accepted::Tcp(stream, address) => {
                let peer = Peer {
                    address: Some(SocketAddr::new(address.ip().to_canonical(), address.port())),
                    tls: self.tls.is_some(),
                };
                // Fails only when the peer is gone already, which the first read will tell.
                let _ = stream.set_nodelay(true);
                match &self.tls {
                    None => (Transport::Tcp(stream), peer),
                    Some(acceptor) => {
                        let handshake = timeout(self.handshake_limit, acceptor.current().accept(stream));
                        let shaken = tokio::select! {
                            shaken = handshake => shaken,
                            () = handshake_unwanted(&mut orders) => return,
                        };
                        match shaken {
                            Ok(Ok(stream)) => (Transport::Tls(Box::new(stream)), peer),
                            Ok(Err(error)) => {
                                tracing::debug!(peer = %address, %error, "TLS handshake failed");
                                return;
                            }
                            Err(_) => {
                                tracing::debug!(peer = %address, "TLS handshake took too long");
                                return;
                            }
                        }
                    }
                }
            }
        };
        self.drive(transport, peer, orders).await;
        drop(permit);
    }

    async fn drive(&self, transport: Transport, peer: Peer, mut orders: watch::Receiver<Order>) {
        let limits = self.limits;
        // An order that was given before this connection began holds for it as well.
        orders.mark_changed();
        let activity = Activity::new();
        let stream = Stream::new(transport, Arc::clone(&activity), limits.write);
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let in_flight = activity.begin(request.version() == hyper::Version::HTTP_2);
            let mut request =
                request.map(|body| RequestBody::new(body, Arc::clone(in_flight.activity()), limits.body_read));
            request.extensions_mut().insert(peer);
            let answer = self.router.clone().call(request);
            async move {
                let answer = answer.await?;
                Ok::<_, Infallible>(answer.map(|body| ResponseBody::new(body, in_flight)))
            }
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));

        let mut phase = Phase::Open;
        let mut timer = pin!(sleep_until(Instant::now() + limits.header_read));
        loop {
            let event = tokio::select! {
                biased;
                event = poll_fn(|cx| {
                    loop {
                        if let Poll::Ready(result) = connection.as_mut().poll(cx) {
                            return Poll::Ready(Event::Ended(result));
                        }
                        // The one request that was still awaited has come: nothing after it.
                        let Phase::LastRequest(since) = phase else { break };
                        if !activity.asked() {
                            break;
                        }
                        connection.as_mut().graceful_shutdown();
                        phase = Phase::Closing(since);
                    }
                    activity.note_partial_head();
                    loop {
                        // A timer that is early costs a glance; one that is reset costs a lock at
                        // each request. So only an earlier time resets it before it fires.
                        let due = activity.due(&limits, phase);
                        if due.is_some_and(|due| due < timer.deadline()) {
                            timer.as_mut().reset(due.unwrap_or_else(Instant::now));
                        }
                        if timer.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                        match due {
                            Some(due) if due <= Instant::now() => return Poll::Ready(Event::Due),
                            Some(due) => timer.as_mut().reset(due),
                            None => timer.as_mut().reset(Instant::now() + limits.header_read),
                        }
                    }
                }) => event,
                changed = orders.changed() => Event::Order(match changed {
                    Ok(()) => *orders.borrow_and_update(),
                    Err(_) => Order::Abort,
                }),
            };
            match event {
                Event::Ended(Ok(())) | Event::Order(Order::Abort) => return,
                Event::Ended(Err(error)) => {
                    tracing::debug!(peer = ?peer.address, %error, "connection ended early");
                    return;
                }
                Event::Order(Order::MakeRoom) => {
                    if activity.quiet_for().is_some_and(|quiet| quiet >= EVICTABLE_AFTER) {
                        return;
                    }
                }
                Event::Order(Order::Stop) if phase == Phase::Open => {
                    if activity.asked() {
                        connection.as_mut().graceful_shutdown();
                        phase = Phase::Closing(Instant::now());
                    } else {
                        phase = Phase::LastRequest(Instant::now());
                    }
                }
                // A stop that is heard twice.
                Event::Order(Order::Serve | Order::Stop) => {}
                // Only an idle connection has something to say before it ends.
                Event::Due if phase == Phase::Open && activity.is_idle() => {
                    connection.as_mut().graceful_shutdown();
                    phase = Phase::Closing(Instant::now());
                }
                Event::Due => {
                    tracing::debug!(peer = ?peer.address, "connection cut: its peer took too long");
                    return;
                }
            }
        }
    }
}

/// Resolves when a handshake that is still under way has to give way.
async fn handshake_unwanted(orders: &mut watch::Receiver<Order>) {
    let begun = Instant::now();
    let unwanted =
        orders.wait_for(|order| order.is_stop() || (*order == Order::MakeRoom && begun.elapsed() >= EVICTABLE_AFTER));
    if unwanted.await.is_ok_and(|order| *order != Order::MakeRoom) {
        sleep(last_chance()).await;
    }
}

enum Event {
    /// hyper has nothing left to do.
    Ended(Result<(), Box<dyn std::error::Error + Send + Sync>>),
    /// The peer's time is up.
    Due,
    Order(Order),
}
