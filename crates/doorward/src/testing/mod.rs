//! `serve --profile testing`: a Doorward in memory, for the tests of programs that sign in to one. Its
//! users are known, its clock can be set, its mails can be read, and all of it can begin anew.

mod clock;
mod mail;
mod refusal;
mod reset;
mod seed;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::{get, post},
};
use chrono::Utc;
use doorward::{Doorward, Error};
use doorward_core::{OffsetClock, settings::Settings};
use parking_lot::RwLock;

use crate::working::Working;
pub(crate) use refusal::refuse_real_things;
pub(crate) use seed::{PASSWORD, USERNAMES};

/// The Doorward that answers now, and how the next is made.
#[derive(Clone)]
pub(crate) struct Testing {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    clock: Arc<OffsetClock>,
    current: RwLock<Working>,
}

impl Testing {
    /// Begins with the known users.
    pub(crate) async fn begin(settings: Settings) -> Result<Self, Error> {
        let clock = Arc::new(OffsetClock::default());
        let current = RwLock::new(begin_anew(&settings, &clock).await?);
        Ok(Self { inner: Arc::new(Inner { settings, clock, current }) })
    }

    /// Doorward's routes, and `/testing/…` beside them.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/testing/clock", get(clock::show).post(clock::set))
            .route("/testing/mail", get(mail::list))
            .route("/testing/reset", post(reset::reset))
            .fallback(pass_on)
            .with_state(self.clone())
    }

    fn doorward(&self) -> Doorward {
        self.inner.current.read().doorward.clone()
    }

    /// Puts a new Doorward in the place of the present one: nothing of that is left, its keys neither.
    async fn reset(&self) -> Result<(), Error> {
        self.inner.clock.set(Utc::now());
        let new = begin_anew(&self.inner.settings, &self.inner.clock).await?;
        let old = std::mem::replace(&mut *self.inner.current.write(), new);
        old.end().await;
        Ok(())
    }

    /// Ends the background work and closes the database.
    pub(crate) async fn close(&self) {
        let current = self.inner.current.read().clone();
        current.end().await;
    }
}

async fn begin_anew(settings: &Settings, clock: &Arc<OffsetClock>) -> Result<Working, Error> {
    let doorward = Doorward::builder().settings(settings.clone()).clock(clock.clone()).build().await?;
    seed::seed(doorward.core()).await?;
    Ok(Working::begin(doorward))
}

async fn pass_on(State(testing): State<Testing>, request: Request) -> Response {
    let current = testing.inner.current.read().clone();
    current.answer(request).await
}
