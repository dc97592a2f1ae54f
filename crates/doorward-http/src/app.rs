use std::sync::Arc;

use doorward_core::{Doorward, settings::Settings};
use metrics_exporter_prometheus::PrometheusHandle;

/// What the doors share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    doorward: Doorward,
    cookie_name: &'static str,
    device_cookie_name: &'static str,
    secure: bool,
    public_host: Option<String>,
    metrics: Option<PrometheusHandle>,
}

impl App {
    /// The doors of this Doorward.
    pub fn new(doorward: Doorward) -> Self {
        let settings = doorward.settings();
        let public_url = settings.public_url.as_deref();
        let secure = settings.has_tls() || public_url.is_some_and(|url| url.starts_with("https://"));
        let public_host = public_url.and_then(host_of).map(str::to_ascii_lowercase);
        Self {
            inner: Arc::new(Inner {
                // The prefix binds the cookie to this host and to TLS, whatever a neighbour sets
                // (RFC 6265bis §4.1.3.2); browsers refuse it without TLS.
                cookie_name: if secure { "__Host-doorward" } else { "doorward" },
                device_cookie_name: if secure { "__Host-doorward-device" } else { "doorward-device" },
                secure,
                public_host,
                metrics: crate::operation::metrics::recorder(),
                doorward,
            }),
        }
    }

    /// The handle.
    pub fn doorward(&self) -> &Doorward {
        &self.inner.doorward
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.inner.doorward.settings()
    }

    pub(crate) fn cookie_name(&self) -> &'static str {
        self.inner.cookie_name
    }

    pub(crate) fn device_cookie_name(&self) -> &'static str {
        self.inner.device_cookie_name
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.inner.secure
    }

    pub(crate) fn public_host(&self) -> Option<&str> {
        self.inner.public_host.as_deref()
    }

    pub(crate) fn metrics(&self) -> Option<&PrometheusHandle> {
        self.inner.metrics.as_ref()
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("doorward", &self.inner.doorward).finish_non_exhaustive()
    }
}

/// `host[:port]` of an http(s) URL.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
}
