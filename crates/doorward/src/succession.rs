//! `serve` across a move: the Doorward on the next database takes the place of the one that was moved away from.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody as _, to_bytes},
    extract::{Request, State},
    response::Response,
};
use doorward::Doorward;
use doorward_core::{
    database::{
        Database,
        transfer::{MoveState, move_state},
    },
    settings::{ConnectionUrl, Settings},
};
use http::header::CONTENT_LENGTH;
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::working::Working;

/// How often the database is asked whether it was moved.
const LOOK: Duration = Duration::from_millis(50);
/// How long a request waits for the next Doorward that the present one could not do.
const WAIT: Duration = Duration::from_secs(10);
/// Looks between two warnings about the same.
const WARN_EVERY: u32 = 200;

/// The Doorward that answers now, and where the next one is.
#[derive(Clone)]
pub(crate) struct Succession {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    next: Option<ConnectionUrl>,
    current: RwLock<Working>,
    moved: watch::Sender<bool>,
}

/// The settings to begin with: where the database was moved before this start, those of the next one.
pub(crate) async fn present(settings: Settings) -> Settings {
    let Some(next) = settings.database_next.clone() else { return settings };
    let Ok(database) = doorward_core::Doorward::connect_only(&settings, false).await else { return settings };
    let has_left = has_left(&database).await;
    database.close().await;
    if has_left {
        tracing::info!("the database was moved; beginning with `database_next`");
        return Settings { database: next, database_next: None, ..settings };
    }
    settings
}

impl Succession {
    pub(crate) fn begin(settings: Settings, first: Doorward) -> Self {
        let (moved, _) = watch::channel(false);
        let current = RwLock::new(Working::begin(first));
        let next = settings.database_next.clone();
        Self { inner: Arc::new(Inner { settings, next, current, moved }) }
    }

    /// The routes of whichever answers.
    pub(crate) fn router(&self) -> Router {
        if self.inner.next.is_none() {
            return self.current().router();
        }
        Router::new().fallback(pass_on).with_state(self.clone())
    }

    /// The metrics of whichever answers.
    pub(crate) fn metrics_router(&self) -> Router {
        if self.inner.next.is_none() {
            return doorward_http::metrics_router(self.current().doorward.app());
        }
        let metrics = async |State(succession): State<Self>, request: Request| {
            let current = succession.current();
            Working::pass(doorward_http::metrics_router(current.doorward.app()), request).await
        };
        Router::new().fallback(metrics).with_state(self.clone())
    }

    pub(crate) fn current(&self) -> Working {
        self.inner.current.read().clone()
    }

    /// Waits for a move, and goes on with the next database. Never returns.
    pub(crate) async fn follow(&self) {
        let Some(next) = &self.inner.next else { return std::future::pending().await };
        let first = self.current();
        let database = first.doorward.core().database();
        for look in 0_u32.. {
            tokio::time::sleep(LOOK).await;
            if !has_left(database).await {
                continue;
            }
            match Box::pin(self.start_on(next)).await {
                Ok(next) => {
                    tracing::info!(
                        database = next.core().database().location(),
                        "the database was moved; going on there"
                    );
                    *self.inner.current.write() = Working::begin(next);
                    self.inner.moved.send_replace(true);
                    // What it is still answering only reads, and ends soon.
                    first.rest();
                    tokio::time::sleep(WAIT).await;
                    first.end().await;
                    break;
                }
                Err(error) if look % WARN_EVERY == 0 => {
                    tracing::warn!(%error, "the database was moved, and `database_next` can't be used yet");
                }
                Err(_) => {}
            }
        }
        std::future::pending::<()>().await;
    }

    async fn start_on(&self, next: &ConnectionUrl) -> Result<Doorward, doorward::Error> {
        let settings = Settings { database: next.clone(), database_next: None, ..self.inner.settings.clone() };
        Doorward::builder().settings(settings).build().await
    }
}

async fn pass_on(State(succession): State<Succession>, request: Request) -> Response {
    // Asked first: once it says yes, whoever answers is the next one.
    let mut moved = succession.inner.moved.subscribe();
    let has_moved = *moved.borrow();
    let current = succession.current();
    if has_moved {
        return current.answer(request).await;
    }
    let (request, again) = match twice(request, succession.inner.settings.http.body_limit_bytes).await {
        Ok(both) => both,
        Err(request) => return current.answer(request).await,
    };
    let response = current.answer(request).await;
    // A database that was moved refused to write: nothing was done.
    if doorward_http::refusal_code(&response) != Some(503) || !has_left(current.doorward.core().database()).await {
        return response;
    }
    let has_moved = tokio::time::timeout(WAIT, moved.wait_for(|moved| *moved)).await.is_ok_and(|moved| moved.is_ok());
    if has_moved { succession.current().answer(again).await } else { response }
}

/// Whether the database was moved away. One that can't be asked is told of elsewhere.
async fn has_left(database: &Database) -> bool {
    let state = move_state(database).await;
    state.is_ok_and(|of| of.is_some_and(|of| of.state == MoveState::Left))
}

/// The request, and the same once more; or the request alone where its body is too large to be kept, or of unknown length.
async fn twice(request: Request, limit: usize) -> Result<(Request, Request), Request> {
    let length = request.headers().get(CONTENT_LENGTH).map(|length| length.to_str().ok()?.parse::<usize>().ok());
    let fits = match length {
        None => request.body().is_end_stream(),
        Some(length) => length.is_some_and(|length| length <= limit),
    };
    if !fits {
        return Err(request);
    }
    let (parts, body) = request.into_parts();
    match to_bytes(body, limit).await {
        Ok(bytes) => {
            let again = Request::from_parts(parts.clone(), Body::from(bytes.clone()));
            Ok((Request::from_parts(parts, Body::from(bytes)), again))
        }
        // Cut off by the client, who waits for no answer.
        Err(_) => Err(Request::from_parts(parts, Body::from(Bytes::new()))),
    }
}
