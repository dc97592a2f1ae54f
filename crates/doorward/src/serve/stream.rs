//! The bytes of a connection, whatever carries them, with the patience that a server may have.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

use super::activity::Activity;

/// A peer that is slow to read must take this many bytes within each write limit: a byte now and
/// then is not enough to hold a connection for ever.
pub(super) const WRITE_WINDOW: usize = 16 * 1024;

/// How long the rest of an unread request is swallowed after the answer.
const LINGER: Duration = Duration::from_secs(2);

/// What carries a connection. One type, so that hyper's state machines are compiled once.
#[derive(Debug)]
pub(super) enum Transport {
    Tcp(TcpStream),
    // Boxed: a TLS state is a kilobyte that a plain connection would carry along.
    Tls(Box<TlsStream<TcpStream>>),
    Unix(UnixStream),
}

macro_rules! on_transport {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self {
            Transport::Tcp($stream) => $call,
            Transport::Tls($stream) => $call,
            Transport::Unix($stream) => $call,
        }
    };
}

/// A [`Transport`] that tells its [`Activity`], gives up on a peer that does not read, and closes
/// so that the peer gets to see the answer.
#[derive(Debug)]
pub(super) struct Stream {
    transport: Transport,
    activity: Arc<Activity>,
    write_limit: Duration,
    /// Running while the peer is slow to take what we write.
    stalled: Option<Pin<Box<Sleep>>>,
    taken_while_stalled: usize,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    pub(super) fn new(transport: Transport, activity: Arc<Activity>, write_limit: Duration) -> Self {
        Self { transport, activity, write_limit, stalled: None, taken_while_stalled: 0, lingering: None }
    }

    /// Passes on what a write came to, and counts the time that the peer makes us wait.
    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
        taken: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(result) => {
                if self.stalled.is_some() {
                    self.taken_while_stalled += result.as_ref().map_or(0, taken);
                    if self.taken_while_stalled >= WRITE_WINDOW {
                        self.end_stall();
                    }
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                let write_limit = self.write_limit;
                let stalled = self.stalled.get_or_insert_with(|| {
                    self.activity.writing(true);
                    Box::pin(sleep(write_limit))
                });
                ready!(stalled.as_mut().poll(cx));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer doesn't read its answer")))
            }
        }
    }

    fn end_stall(&mut self) {
        if self.stalled.take().is_some() {
            self.taken_while_stalled = 0;
            self.activity.writing(false);
        }
    }

    /// Swallows what still comes of a request that was answered before its body was read. Closing
    /// over unread bytes would reset the connection, and the reset overtakes the answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if limit.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut space = [std::mem::MaybeUninit::uninit(); 4096];
        loop {
            let mut buffer = ReadBuf::uninit(&mut space);
            let read = on_transport!(&mut self.transport, stream => Pin::new(stream).poll_read(cx, &mut buffer));
            if ready!(read).is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = on_transport!(&mut this.transport, stream => Pin::new(stream).poll_read(cx, buffer));
        if buffer.filled().len() > before {
            this.activity.read();
        }
        read
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = on_transport!(&mut this.transport, stream => Pin::new(stream).poll_write(cx, bytes));
        this.judge(cx, written, |taken| *taken)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = on_transport!(&mut this.transport, stream => Pin::new(stream).poll_write_vectored(cx, slices));
        this.judge(cx, written, |taken| *taken)
    }

    fn is_write_vectored(&self) -> bool {
        on_transport!(&self.transport, stream => stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = on_transport!(&mut this.transport, stream => Pin::new(stream).poll_flush(cx));
        if flushed.is_ready() {
            // Everything that was written is out: whatever the pace, nothing is owed any more.
            this.end_stall();
        }
        this.judge(cx, flushed, |()| 0)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingering.is_none() {
            let shut = on_transport!(&mut this.transport, stream => Pin::new(stream).poll_shutdown(cx));
            ready!(this.judge(cx, shut, |()| 0))?;
            if !this.activity.body_left_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        this.poll_linger(cx).map(Ok)
    }
}
