//! Answers that are made while they are sent.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    BoxError,
    body::{Body, Bytes},
};
use doorward_core::Error;
use futures_util::Stream;
use tokio::sync::mpsc;

/// Where the parts of an answer go.
pub(crate) struct Out(mpsc::Sender<Result<Bytes, BoxError>>);

impl Out {
    /// Sends a part once the one before is on its way; `false` where nobody reads any more.
    pub(crate) async fn send(&self, part: Bytes) -> bool {
        self.0.send(Ok(part)).await.is_ok()
    }
}

/// A body of what `make` sends, a part in memory at a time. Where `make` fails midway, the connection
/// breaks off, so that nobody takes a part for the whole.
pub(crate) fn streamed<F>(make: impl FnOnce(Out) -> F + Send + 'static) -> Body
where
    F: Future<Output = Result<(), Error>> + Send,
{
    let (sender, receiver) = mpsc::channel(1);
    let failed = sender.clone();
    tokio::spawn(async move {
        if let Err(error) = make(Out(sender)).await {
            tracing::warn!(%error, "an answer breaks off");
            let _ = failed.send(Err("the answer breaks off".into())).await;
        }
    });
    Body::from_stream(Parts(receiver))
}

struct Parts(mpsc::Receiver<Result<Bytes, BoxError>>);

impl Stream for Parts {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
