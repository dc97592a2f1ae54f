use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderValue, Uri};

use super::asking::Asking;
use super::introspection::Introspection;
use super::shared::{Clock, Shared};
use super::{Following, ServiceGuard, following};
use crate::{API_KEY_PREFIX, FlaskAlgorithm, Guard, GuardConfig};

/// What happens while Doorward is not heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WhenStale {
    /// After [`max_staleness`](ServiceGuardBuilder::max_staleness) nobody is let in: what was revoked meanwhile is not known.
    #[default]
    FailClosed,
    /// Tokens go on being accepted until they expire by themselves, also those of users who logged out meanwhile.
    FailOpen,
}

/// Why a guard could not be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSetup {
    /// The URL.
    #[error("the URL of Doorward must be http:// or https:// with a host, without user, query or fragment")]
    Url,
    /// The service's key.
    #[error("the service key must be the dw_… that `doorward service create` printed")]
    ServiceKey,
    /// A secret of Flask tokens.
    #[error("a secret key must not be empty: anyone could sign with it")]
    EmptySecret,
    /// There is no tokio runtime here.
    #[error("a guard that follows Doorward must be started on a tokio runtime")]
    NoRuntime,
}

/// Settings of a [`ServiceGuard`]. `Debug` shows neither the service's key nor a secret.
pub struct ServiceGuardBuilder {
    url: String,
    service_key: String,
    config: GuardConfig,
    secret_keys: Vec<Vec<u8>>,
    max_staleness: Duration,
    when_stale: WhenStale,
    introspection: bool,
    flask_roles: bool,
    introspection_ttl: Duration,
    clock: Clock,
}

impl ServiceGuardBuilder {
    pub(super) fn new(url: String, service_key: String) -> Self {
        Self {
            url,
            service_key,
            config: GuardConfig::new("doorward", "doorward"),
            secret_keys: Vec::new(),
            max_staleness: Duration::from_secs(30),
            when_stale: WhenStale::FailClosed,
            introspection: false,
            flask_roles: false,
            introspection_ttl: Duration::from_secs(10),
            clock: Arc::new(SystemTime::now),
        }
    }

    /// The only `iss` that is accepted: Doorward's `token.issuer`, which is its `public_url` where that is set. `doorward` unless set.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.config.issuer = issuer.into();
        self
    }

    /// The `aud` that a token must name; `doorward` unless set.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.config.audience = audience.into();
        self
    }

    /// Accepts tokens of the `flask` format, signed under one of these secrets, newest first.
    #[must_use]
    pub fn secret_keys<K: Into<Vec<u8>>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.secret_keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// The only algorithm of `flask` tokens; HS512 unless set.
    #[must_use]
    pub fn flask_algorithm(mut self, algorithm: FlaskAlgorithm) -> Self {
        self.config.flask_algorithm = algorithm;
        self
    }

    /// For how long after Doorward was last heard of tokens are accepted, in whole seconds; 30 s unless set.
    #[must_use]
    pub fn max_staleness(mut self, limit: Duration) -> Self {
        self.max_staleness = limit;
        self
    }

    /// What happens after that.
    #[must_use]
    pub fn when_stale(mut self, choice: WhenStale) -> Self {
        self.when_stale = choice;
        self
    }

    /// How many verified credentials are remembered, at most; 65,536 unless set.
    #[must_use]
    pub fn cache_capacity(mut self, entries: usize) -> Self {
        self.config.cache_capacity = entries;
        self
    }

    /// Accepts API keys, by asking Doorward's `POST /introspect`; the service needs the scope `introspect` for it.
    #[must_use]
    pub fn introspection(mut self, on: bool) -> Self {
        self.introspection = on;
        self
    }

    /// Asks `POST /introspect` for the roles of `flask` tokens, which do not carry them. Without it such tokens have no roles.
    #[must_use]
    pub fn flask_roles(mut self, on: bool) -> Self {
        self.flask_roles = on;
        self
    }

    /// For how long what `POST /introspect` said is remembered, in whole seconds; 10 s unless set. Sooner forgotten when that
    /// user's roles change or everything of the user's is ended.
    #[must_use]
    pub fn introspection_ttl(mut self, ttl: Duration) -> Self {
        self.introspection_ttl = ttl;
        self
    }

    /// Where the time comes from; the system's clock unless set. For tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Begins to follow: two tasks on the tokio runtime of the caller.
    ///
    /// # Errors
    /// [`InvalidSetup`]. That Doorward can't be reached is none: see [`ServiceGuard::ready`] and [`ServiceGuard::status`].
    pub fn start(self) -> Result<ServiceGuard, InvalidSetup> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| InvalidSetup::NoRuntime)?;
        let base = base_url(&self.url).ok_or(InvalidSetup::Url)?;
        let authorization = authorization(&self.service_key).ok_or(InvalidSetup::ServiceKey)?;
        if self.secret_keys.iter().any(Vec::is_empty) {
            return Err(InvalidSetup::EmptySecret);
        }
        let max_staleness = self.max_staleness.as_secs();
        let config = GuardConfig {
            max_staleness: (self.when_stale == WhenStale::FailClosed).then_some(max_staleness),
            ..self.config
        };
        let capacity = config.cache_capacity;
        let shared = Arc::new(Shared::new(
            Guard::new(config),
            Asking::new(base, authorization),
            Introspection::new(self.introspection, self.flask_roles, self.introspection_ttl, capacity),
            self.secret_keys,
            (max_staleness, self.when_stale),
            self.clock,
        ));
        let tasks = [
            runtime.spawn(following::follow_revocations(Arc::clone(&shared))),
            runtime.spawn(following::follow_keys(Arc::clone(&shared))),
        ];
        Ok(ServiceGuard { following: Arc::new(Following { shared, tasks }) })
    }
}

/// The URL without a slash at its end, if it is one to which paths can be appended.
fn base_url(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?;
    let usable = matches!(uri.scheme_str(), Some("http" | "https"))
        && !authority.host().is_empty()
        && !authority.as_str().contains('@')
        && uri.query().is_none()
        // Uri drops a fragment without a word.
        && !url.contains('#');
    usable.then(|| url.trim_end_matches('/').to_owned())
}

fn authorization(key: &str) -> Option<HeaderValue> {
    let written = key.bytes().all(|byte| byte.is_ascii_graphic());
    if !written || key.len() <= API_KEY_PREFIX.len() || !key.starts_with(API_KEY_PREFIX) {
        return None;
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

pub(super) fn unix_ms(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

impl fmt::Debug for ServiceGuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceGuardBuilder")
            .field("url", &self.url)
            .field("config", &self.config)
            .field("secret_keys", &self.secret_keys.len())
            .field("max_staleness", &self.max_staleness)
            .field("when_stale", &self.when_stale)
            .field("introspection", &self.introspection)
            .field("flask_roles", &self.flask_roles)
            .field("introspection_ttl", &self.introspection_ttl)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_url_to_which_paths_can_be_appended() {
        assert_eq!(base_url("https://id.example/"), Some("https://id.example".to_owned()));
        assert_eq!(base_url("http://127.0.0.1:8080/doorward"), Some("http://127.0.0.1:8080/doorward".to_owned()));
        for url in [
            "",
            "id.example",
            "/path",
            "ftp://id.example",
            "https://a:b@id.example",
            "https://id.example?x",
            "https://id.example#x",
        ] {
            assert_eq!(base_url(url), None, "{url}");
        }
    }

    #[test]
    fn only_a_key_of_doorwards() {
        assert!(authorization("dw_abc").is_some_and(|value| value.is_sensitive()));
        for key in ["", "dw_", "abc", "dw_a b", "dw_a\r\nx: y", "dw_é"] {
            assert_eq!(authorization(key), None, "{key}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let builder = ServiceGuardBuilder::new("http://x".to_owned(), "dw_s3cret".to_owned()).secret_keys(["s3cret"]);
        assert!(!format!("{builder:?}").contains("s3cret"));
    }

    #[test]
    fn without_a_runtime_there_is_an_error_and_no_panic() {
        let started = ServiceGuardBuilder::new("http://x".to_owned(), "dw_key".to_owned()).start();
        assert_eq!(started.err(), Some(InvalidSetup::NoRuntime));
    }
}
