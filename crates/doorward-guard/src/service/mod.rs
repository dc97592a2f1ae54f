//! A guard that knows by itself what Doorward knows: it follows the revocations and the keys over HTTP.

mod asking;
mod feed;
mod following;
mod introspection;
mod jwks;
mod setup;
mod shared;
mod status;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use tokio::task::JoinHandle;

use crate::{API_KEY_PREFIX, CredentialKind, Credentials, Denied, Format, Guard, Identity};
use shared::Shared;

pub use setup::{InvalidSetup, ServiceGuardBuilder, WhenStale};
pub use status::ServiceGuardStatus;

/// A [`Guard`] that follows a Doorward: its revocations, its keys, and, if asked to, what only its database knows.
///
/// ```no_run
/// # async fn example(headers: http::HeaderMap) -> Result<(), Box<dyn std::error::Error>> {
/// use doorward_guard::ServiceGuard;
///
/// let guard = ServiceGuard::builder("https://id.example", std::env::var("DOORWARD_SERVICE_KEY")?)
///     .issuer("https://id.example")
///     .start()?; // two tasks on this tokio runtime, which end with the last clone
///
/// match guard.verify_headers(&headers).await {
///     Ok(identity) => println!("user {} with roles {:?}", identity.user_id, identity.roles),
///     Err(denied) => println!("{}: {}", denied.error_name(), denied.reason()),
/// }
/// # Ok(())
/// # }
/// ```
///
/// Cheap to clone: all clones are one guard. Until Doorward was heard of for the first time, and again when it was not heard of for
/// [`max_staleness`](ServiceGuardBuilder::max_staleness), everybody is refused as [`Denied::Stale`].
///
/// A user who logs out is refused here as soon as the answer to the waiting request arrives; the request is repeated for ever, after
/// errors with a growing pause of 0.1 to 5 seconds.
#[derive(Clone)]
pub struct ServiceGuard {
    following: Arc<Following>,
}

/// What runs for a guard, and ends when nobody holds the guard any more. The tasks hold `shared` alone.
struct Following {
    shared: Arc<Shared>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Following {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl ServiceGuard {
    /// For the Doorward at `url` (such as `https://id.example`), as the service whose key is `service_key` (`dw_…`, printed by
    /// `doorward service create NAME --scope revocations`).
    pub fn builder(url: impl Into<String>, service_key: impl Into<String>) -> ServiceGuardBuilder {
        ServiceGuardBuilder::new(url.into(), service_key.into())
    }

    /// Who shows this credential: an access token, or an API key (`dw_…`) where
    /// [`introspection`](ServiceGuardBuilder::introspection) is on.
    ///
    /// Mostly from memory. It waits for Doorward, two seconds at most, where a token names a key that is not known yet (once a minute
    /// for all of them), and where introspection is needed.
    pub async fn verify(&self, credential: &str) -> Result<Arc<Identity>, Denied> {
        let outcome = match self.known(credential) {
            Some(outcome) => outcome,
            None => self.ask(credential).await,
        };
        self.noted(outcome)
    }

    /// The same for a request with these headers: the token in header `token` or `Authorization: Bearer`
    /// ([`Credentials::from_headers`], without cookies).
    pub async fn verify_headers(&self, headers: &HeaderMap) -> Result<Arc<Identity>, Denied> {
        match Credentials::from_headers(headers, &[]) {
            Ok(credential) => self.verify(credential.value).await,
            Err(denied) => self.noted(Err(denied)),
        }
    }

    /// Who shows this credential, as far as that can be said without waiting: an unknown `kid` is refused although it may be a new
    /// key's, and what needs introspection is refused unless it is remembered.
    pub fn verify_now(&self, credential: &str) -> Result<Arc<Identity>, Denied> {
        let outcome = self.known(credential).unwrap_or_else(|| {
            let now = self.following.shared.now();
            match kind(credential) {
                CredentialKind::AccessToken => {
                    let denied = self.following.shared.guard.verify(credential, now).err();
                    if denied == Some(Denied::UnknownKey) {
                        self.following.shared.want_unknown_key();
                    }
                    Err(denied.unwrap_or(Denied::Stale))
                }
                _ => Err(Denied::Stale),
            }
        });
        self.noted(outcome)
    }

    /// [`verify_now`](Self::verify_now) for a request with these headers.
    pub fn verify_headers_now(&self, headers: &HeaderMap) -> Result<Arc<Identity>, Denied> {
        match Credentials::from_headers(headers, &[]) {
            Ok(credential) => self.verify_now(credential.value),
            Err(denied) => self.noted(Err(denied)),
        }
    }

    /// Waits until Doorward was heard of: its keys and its revocations are known. For a service that wants to be ready before it
    /// says so; bound it with `tokio::time::timeout`.
    pub async fn ready(&self) {
        let mut heard = self.following.shared.heard.subscribe();
        // The sender lives as long as this guard.
        let _ = heard.wait_for(|heard| *heard).await;
    }

    /// How it stands: for a health check or a page of the service's own.
    pub fn status(&self) -> ServiceGuardStatus {
        self.following.shared.describe()
    }

    /// The guard beneath.
    pub fn guard(&self) -> &Guard {
        &self.following.shared.guard
    }

    /// Counts a verdict on its way out.
    pub(crate) fn noted(&self, outcome: Result<Arc<Identity>, Denied>) -> Result<Arc<Identity>, Denied> {
        self.following.shared.status.verdict(&outcome);
        outcome
    }

    /// The verdict if it can be given without waiting.
    pub(crate) fn known(&self, credential: &str) -> Option<Result<Arc<Identity>, Denied>> {
        let shared = &self.following.shared;
        let now = shared.now();
        if kind(credential) == CredentialKind::ApiKey {
            if !shared.introspection.is_on() {
                return Some(Err(Denied::NotAccepted));
            }
            return shared.guard.recall(CredentialKind::ApiKey, credential.as_bytes(), now);
        }
        match shared.guard.verify(credential, now) {
            // Before the keys are known, every token's key is unknown: that is no fault of the token's.
            Err(Denied::UnknownKey) if !*shared.heard.borrow() => Some(Err(Denied::Stale)),
            Err(Denied::UnknownKey) if shared.unknown_key_is_due() => None,
            Ok(identity) if identity.format == Some(Format::Flask) && shared.introspection.fills_roles() => {
                shared.introspection.remembered_roles(shared, &identity, now).map(Ok)
            }
            outcome => Some(outcome),
        }
    }

    async fn ask(&self, credential: &str) -> Result<Arc<Identity>, Denied> {
        let shared = &self.following.shared;
        if kind(credential) == CredentialKind::ApiKey {
            return introspection::api_key(shared, credential).await;
        }
        let outcome = match shared.guard.verify(credential, shared.now()) {
            Err(Denied::UnknownKey) => {
                shared.unknown_key().await;
                shared.guard.verify(credential, shared.now())
            }
            outcome => outcome,
        };
        match outcome {
            Ok(identity) if identity.format == Some(Format::Flask) && shared.introspection.fills_roles() => {
                introspection::flask_roles(shared, credential, identity).await
            }
            outcome => outcome,
        }
    }
}

fn kind(credential: &str) -> CredentialKind {
    if credential.starts_with(API_KEY_PREFIX) { CredentialKind::ApiKey } else { CredentialKind::AccessToken }
}

impl fmt::Debug for ServiceGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceGuard")
            .field("status", &self.status())
            .field("clones", &Arc::strong_count(&self.following))
            .finish_non_exhaustive()
    }
}
