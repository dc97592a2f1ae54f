//! An interceptor for tonic 0.14.
//!
//! ```ignore
//! let guard = doorward_guard::ServiceGuard::builder("https://id.example", "dw_…").start()?;
//! let orders = OrdersServer::with_interceptor(orders, GuardInterceptor::new(guard));
//! ```

use std::sync::Arc;

use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::{Denied, ServiceGuard};

/// Lets a call pass only with a good token in its metadata (`authorization: Bearer …` or `token`), and puts `Arc<Identity>` into its
/// extensions.
///
/// An interceptor can't wait: an API key, or a token of a key that was made this very moment, is refused until the guard knows it.
/// Where that matters, put `GuardLayer` (feature `tower`) around the service instead.
#[derive(Debug, Clone)]
pub struct GuardInterceptor {
    guard: ServiceGuard,
    role: Option<Arc<str>>,
}

impl GuardInterceptor {
    /// Only with a good token.
    pub fn new(guard: ServiceGuard) -> Self {
        Self { guard, role: None }
    }

    /// Only those with this role, letter for letter.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.role = Some(role.into());
        self
    }
}

impl Interceptor for GuardInterceptor {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let identity = self.guard.verify_headers_now(request.metadata().as_ref()).map_err(status)?;
        if let Some(role) = &self.role
            && !identity.has_role(role)
        {
            return Err(Status::permission_denied("role_required"));
        }
        request.extensions_mut().insert(identity);
        Ok(request)
    }
}

/// `UNAUTHENTICATED` with the error's name as its message; `UNAVAILABLE` while Doorward is not heard of.
fn status(denied: Denied) -> Status {
    match denied {
        Denied::Stale => Status::unavailable(denied.error_name()),
        _ => Status::unauthenticated(denied.error_name()),
    }
}
