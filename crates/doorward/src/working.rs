use std::sync::Arc;

use axum::{Router, extract::Request, response::Response};
use doorward::Doorward;
use tokio::{
    sync::Mutex,
    task::{AbortHandle, JoinHandle},
};
use tower::ServiceExt as _;

/// A Doorward that answers, with what it does in the background.
#[derive(Clone)]
pub(crate) struct Working {
    pub(crate) doorward: Doorward,
    router: Router,
    background: AbortHandle,
    ending: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Working {
    pub(crate) fn begin(doorward: Doorward) -> Self {
        let background = tokio::spawn({
            let doorward = doorward.clone();
            async move {
                if let Err(error) = doorward.run().await {
                    tracing::error!(%error, "the background work ended");
                }
            }
        });
        Self {
            router: router(&doorward),
            doorward,
            background: background.abort_handle(),
            ending: Arc::new(Mutex::new(Some(background))),
        }
    }

    /// Its own routes, without a detour.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) async fn answer(&self, request: Request) -> Response {
        Self::pass(self.router(), request).await
    }

    /// What the routes answer.
    pub(crate) async fn pass(router: Router, request: Request) -> Response {
        match router.oneshot(request).await {
            Ok(response) => response,
            Err(impossible) => match impossible {},
        }
    }

    /// Ends the background work.
    pub(crate) fn rest(&self) {
        self.background.abort();
    }

    /// The same, and closes the database once nothing uses it any more.
    pub(crate) async fn end(&self) {
        self.rest();
        if let Some(background) = self.ending.lock().await.take() {
            // That it was ended is what was asked for.
            let _ = background.await;
        }
        self.doorward.core().close().await;
    }
}

#[cfg(feature = "otel")]
fn router(doorward: &Doorward) -> Router {
    doorward::telemetry::continue_trace(doorward.router())
}

#[cfg(not(feature = "otel"))]
fn router(doorward: &Doorward) -> Router {
    doorward.router()
}
