//! A [`tower`](tower_layer) layer that guards any HTTP service.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use doorward_guard::{ServiceGuard, tower::GuardLayer};
//!
//! let guard = ServiceGuard::builder("https://id.example", "dw_…").start()?;
//! let app: axum::Router = axum::Router::new()
//!     .route("/orders", axum::routing::get(|| async { "…" }))
//!     .route_layer(GuardLayer::new(guard));
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::answer::Refusal;
use crate::{Credentials, Denied, Identity, ServiceGuard};

/// Lets a request pass to the service within only with a good token, and puts `Arc<Identity>` into its extensions. Others are
/// answered as Doorward answers them: the envelope `{code, message, data, error}` (or, where it is accepted,
/// `application/problem+json`) with 401 and `WWW-Authenticate`, 403 without any token or role, 503 with `Retry-After` while Doorward
/// is not heard of.
///
/// What the request brings in `Authorization` and `token` is left there: it is the service's to pass on or not.
#[derive(Debug, Clone)]
pub struct GuardLayer {
    rules: Rules,
}

#[derive(Debug, Clone)]
struct Rules {
    guard: ServiceGuard,
    role: Option<Arc<str>>,
    optional: bool,
}

impl GuardLayer {
    /// Only with a good token.
    pub fn new(guard: ServiceGuard) -> Self {
        Self { rules: Rules { guard, role: None, optional: false } }
    }

    /// Only those with this role, letter for letter; others get 403 `role_required`.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.rules.role = Some(role.into());
        self
    }

    /// Lets requests without any credential pass as nobody. A credential that is there must still be good.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.rules.optional = true;
        self
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> GuardService<S> {
        GuardService { inner, rules: self.rules.clone() }
    }
}

/// A service guarded by [`GuardLayer`].
#[derive(Debug, Clone)]
pub struct GuardService<S> {
    inner: S,
    rules: Rules,
}

/// `None`: nobody, where that is allowed.
type Verdict = Result<Option<Arc<Identity>>, Denied>;

impl Rules {
    /// The verdict if it can be given at once.
    fn at_once(&self, headers: &HeaderMap) -> Option<Verdict> {
        match Credentials::from_headers(headers, &[]) {
            Err(Denied::Missing) if self.optional && self.role.is_none() => Some(Ok(None)),
            Err(denied) => Some(self.guard.noted(Err(denied)).map(Some)),
            Ok(credential) => {
                let outcome = self.guard.known(credential.value)?;
                Some(self.guard.noted(outcome).map(Some))
            }
        }
    }

    /// Gives the request its identity, or says what to answer.
    fn admit<B, R: From<String>>(&self, mut request: Request<B>, verdict: Verdict) -> Result<Request<B>, Response<R>> {
        let identity = match verdict {
            Ok(identity) => identity,
            Err(denied) => return Err(Refusal::Denied(denied).answer(request.headers())),
        };
        if let Some(role) = &self.role
            && !identity.as_ref().is_some_and(|identity| identity.has_role(role))
        {
            return Err(Refusal::RoleRequired(role).answer(request.headers()));
        }
        if let Some(identity) = identity {
            request.extensions_mut().insert(identity);
        }
        Ok(request)
    }
}

impl<S, B, R> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Guarded<S, B, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let state = if let Some(verdict) = self.rules.at_once(request.headers()) {
            match self.rules.admit(request, verdict) {
                Ok(request) => State::Inner { future: self.inner.call(request) },
                Err(answer) => State::Refused { answer: Some(answer) },
            }
        } else {
            let guard = self.rules.guard.clone();
            let headers = request.headers().clone();
            // The one that was polled to be ready goes with the request; its clone takes the next one.
            let clone = self.inner.clone();
            State::Asking {
                verdict: Box::pin(async move { guard.verify_headers(&headers).await.map(Some) }),
                waiting: Some((std::mem::replace(&mut self.inner, clone), self.rules.clone(), request)),
            }
        };
        Guarded { state }
    }
}

type Asked = Pin<Box<dyn Future<Output = Verdict> + Send>>;

pin_project! {
    /// What [`GuardService`] is doing with a request.
    pub struct Guarded<S: Service<Request<B>>, B, R> {
        #[pin]
        state: State<S, B, R>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S: Service<Request<B>>, B, R> {
        Asking { verdict: Asked, waiting: Option<(S, Rules, Request<B>)> },
        Inner { #[pin] future: S::Future },
        Refused { answer: Option<Response<R>> },
    }
}

impl<S, B, R> Future for Guarded<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<String>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Inner { future } => return future.poll(context),
                StateProjection::Refused { answer } => {
                    return Poll::Ready(Ok(answer.take().expect("a future is not polled after it is ready")));
                }
                StateProjection::Asking { verdict, waiting } => {
                    let verdict = ready!(verdict.as_mut().poll(context));
                    let (mut inner, rules, request) = waiting.take().expect("it is taken only here, and then left");
                    match rules.admit(request, verdict) {
                        Ok(request) => State::Inner { future: inner.call(request) },
                        Err(answer) => State::Refused { answer: Some(answer) },
                    }
                }
            };
            state.set(next);
        }
    }
}
