use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::response::Response;
use doorward_core::{Error, api_key::within_scope, forward_auth::Requirement};
use doorward_guard::Identity;
use http::{HeaderMap, Request};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{
    App,
    envelope::{Preferences, render},
    extract::{authenticate, log, recall},
};

/// Lets nobody through who isn't signed in, or lacks a role or permission. An API key needs the scope `read` for safe
/// methods and `write` for all others, and has of its user's roles those among its scopes. Inside, the extractors find the user
/// without looking again.
#[derive(Debug, Clone)]
pub struct LoginRequired {
    app: App,
    requirements: Vec<Requirement>,
}

impl LoginRequired {
    /// For this Doorward: anybody who is signed in.
    pub fn new(app: App) -> Self {
        Self { app, requirements: Vec::new() }
    }

    /// Only users who have this role.
    #[must_use]
    pub fn with_role(mut self, role: &str) -> Self {
        self.requirements.push(Requirement::Role(role.into()));
        self
    }

    /// Only users one of whose roles has this permission.
    #[must_use]
    pub fn with_permission(mut self, permission: &str) -> Self {
        self.requirements.push(Requirement::Permission(permission.into()));
        self
    }

    fn allow(&self, identity: Arc<Identity>) -> Result<Arc<Identity>, Error> {
        let permissions = self.app.doorward().permissions();
        self.requirements.iter().try_for_each(|requirement| requirement.check(&identity, permissions))?;
        Ok(identity)
    }

    fn admit<B>(&self, request: &mut Request<B>, known: Result<Arc<Identity>, Error>) -> Result<(), Response> {
        let within = known.and_then(|identity| within_scope(&identity, request.method()).map(|()| identity));
        match within.and_then(|identity| self.allow(identity)) {
            Ok(identity) => {
                request.extensions_mut().insert(identity);
                Ok(())
            }
            Err(error) => Err(self.refuse(request.headers(), &error)),
        }
    }

    fn refuse(&self, headers: &HeaderMap, error: &Error) -> Response {
        log(error);
        render(error, Preferences::of(headers, self.app.settings()))
    }
}

impl<S> Layer<S> for LoginRequired {
    type Service = LoginRequiredService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        LoginRequiredService { inner, guard: self.clone() }
    }
}

/// What [`LoginRequired`] makes of a service.
#[derive(Debug, Clone)]
pub struct LoginRequiredService<S> {
    inner: S,
    guard: LoginRequired,
}

type Answer<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

impl<S, B> Service<Request<B>> for LoginRequiredService<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = GuardedFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(known) = recall(&self.guard.app, request.headers()) {
            let way = match self.guard.admit(&mut request, known) {
                Ok(()) => Way::Passed { inner: self.inner.call(request) },
                Err(refusal) => Way::Refused { response: Some(refusal) },
            };
            return way.into();
        }
        // The service that was made ready goes along; a fresh one stays.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let guard = self.guard.clone();
        let asked = Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let known = authenticate(&guard.app, &parts.method, &parts.headers, &parts.extensions).await;
            parts.extensions.insert(guard.app.clone());
            let mut request = Request::from_parts(parts, body);
            match guard.admit(&mut request, known) {
                Ok(()) => inner.call(request).await,
                Err(refusal) => Ok(refusal),
            }
        });
        Way::Asked { inner: asked }.into()
    }
}

pin_project! {
    /// The answer of a guarded service: at once where the token is remembered.
    pub struct GuardedFuture<F, E> {
        #[pin]
        way: Way<F, E>,
    }
}

pin_project! {
    #[project = Projected]
    enum Way<F, E> {
        // The token is good and remembered: the inner service's own future, in place, so that most requests allocate nothing.
        Passed { #[pin] inner: F },
        Refused { response: Option<Response> },
        // The token has to be verified first.
        Asked { inner: Answer<E> },
    }
}

impl<F, E> From<Way<F, E>> for GuardedFuture<F, E> {
    fn from(way: Way<F, E>) -> Self {
        Self { way }
    }
}

impl<F: Future<Output = Result<Response, E>>, E> Future for GuardedFuture<F, E> {
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().way.project() {
            Projected::Passed { inner } => inner.poll(context),
            Projected::Asked { inner } => inner.as_mut().poll(context),
            Projected::Refused { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                None => Poll::Pending,
            },
        }
    }
}
