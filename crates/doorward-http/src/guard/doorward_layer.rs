use std::task::{Context, Poll};

use http::Request;
use tower::{Layer, Service};

use crate::App;

/// Puts Doorward within reach of the extractors [`CurrentUser`](crate::CurrentUser) and
/// [`RequireRole`](crate::RequireRole) on the routes inside. It refuses nobody by itself.
#[derive(Debug, Clone)]
pub struct DoorwardLayer {
    app: App,
}

impl DoorwardLayer {
    /// For this Doorward.
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

impl<S> Layer<S> for DoorwardLayer {
    type Service = DoorwardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DoorwardService { inner, app: self.app.clone() }
    }
}

/// What [`DoorwardLayer`] makes of a service.
#[derive(Debug, Clone)]
pub struct DoorwardService<S> {
    inner: S,
    app: App,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for DoorwardService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(self.app.clone());
        self.inner.call(request)
    }
}
