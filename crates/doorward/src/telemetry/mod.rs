//! What the binary tells about itself: log lines on stderr, and traces for a collector.

mod line;
mod logging;
#[cfg(feature = "otel")]
mod traces;

use std::time::Duration;

use doorward_core::settings::ConnectionUrl;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use logging::{LogFormat, ParseLogFormatError};
#[cfg(feature = "otel")]
pub use traces::continue_trace;

/// How long the end of the process waits for the last traces to reach the collector.
#[cfg_attr(not(feature = "otel"), allow(dead_code, reason = "only traces are flushed"))]
const FLUSH_LIMIT: Duration = Duration::from_secs(3);

/// Where traces go. `Debug` masks what in the address may be secret.
#[derive(Clone, PartialEq)]
pub struct TracesConfig {
    /// An OTLP/HTTP collector, for example `http://localhost:4318`; `/v1/traces` is added unless it
    /// is there. Headers that the collector wants, a password among them, come from
    /// `OTEL_EXPORTER_OTLP_HEADERS`; the address holds none.
    pub endpoint: String,
    /// The name of this service in the traces.
    pub service_name: String,
    /// The part of traces to keep, from 0 to 1. A trace that began elsewhere is kept as it was
    /// decided there.
    pub sample_ratio: f64,
}

impl std::fmt::Debug for TracesConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TracesConfig")
            .field("endpoint", &masked(&self.endpoint))
            .field("service_name", &self.service_name)
            .field("sample_ratio", &self.sample_ratio)
            .finish()
    }
}

/// A URL without what may be secret in it.
fn masked(url: &str) -> String {
    ConnectionUrl::new(url).to_string()
}

/// Why logs or traces can't begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter can't be read.
    #[error(
        "the log filter `{filter}` can't be read: {source}; write a level (`error`, `warn`, `info`, `debug`, `trace`), or levels by module, for example `info,doorward=debug`"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The collector's address can't be used.
    #[error("traces can't be sent to `{endpoint}`: {reason}; write for example `http://localhost:4318`")]
    Endpoint {
        /// What was given, with what may be secret in it masked.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// This binary was built without traces.
    #[error(
        "this Doorward was built without traces: leave the collector's address out, or build it with the feature `otel`"
    )]
    TracesNotBuilt,
    /// Logs have begun already.
    #[error("logs have begun already in this process")]
    AlreadyBegun,
}

/// Logs and traces that have begun. Keep it until the end: dropped, it writes out the last lines.
#[must_use = "dropped, it ends the logs"]
#[derive(Debug)]
pub struct Telemetry {
    #[cfg(feature = "otel")]
    traces: Option<traces::Traces>,
    // Dropped last, for what the traces have to say about their end.
    _log: WorkerGuard,
}

impl Telemetry {
    /// Sends the last traces, for 3 s at most, and writes out the last log lines.
    #[cfg_attr(not(feature = "otel"), allow(clippy::unused_async, reason = "with traces it waits"))]
    pub async fn shutdown(self) {
        #[cfg(feature = "otel")]
        if let Some(traces) = self.traces {
            traces.shutdown(FLUSH_LIMIT).await;
        }
    }
}

/// Begins logging to stderr: lines of at least the level, or as `info,doorward=debug` says.
///
/// Logging never blocks and never fails: while stderr takes nothing, lines are kept up to a bound
/// and then dropped.
pub fn init_logging(level_filter: &str, format: LogFormat) -> Result<Telemetry, TelemetryError> {
    init(level_filter, format, None)
}

/// Begins logging as [`init_logging`] does and, with a collector, traces: every span of level
/// `INFO` and above, whatever the log filter says. With a collector it must be called inside a
/// Tokio runtime.
pub fn init(level_filter: &str, format: LogFormat, traces: Option<&TracesConfig>) -> Result<Telemetry, TelemetryError> {
    let (log_layer, log) = logging::layer(level_filter, format)?;
    let subscriber = tracing_subscriber::registry().with(log_layer);
    #[cfg(feature = "otel")]
    let (subscriber, traces) = {
        let traces = traces.map(traces::Traces::begin).transpose()?;
        let layer = traces.as_ref().map(traces::Traces::layer);
        (subscriber.with(layer), traces)
    };
    #[cfg(not(feature = "otel"))]
    if traces.is_some() {
        return Err(TelemetryError::TracesNotBuilt);
    }
    subscriber.try_init().map_err(|_| TelemetryError::AlreadyBegun)?;
    Ok(Telemetry {
        #[cfg(feature = "otel")]
        traces,
        _log: log,
    })
}
