use std::sync::OnceLock;

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use doorward_core::{Doorward, Error, revocation};
use http::header::CONTENT_TYPE;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{App, envelope::Refusal};

/// Seconds; a sign-in takes tens of milliseconds, a guarded request less than one.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// The process's recorder, made at first use. None where the embedding application has its own: then
/// Doorward's metrics are among the application's.
pub(crate) fn recorder() -> Option<PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    RECORDER
        .get_or_init(|| {
            PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS)
                .ok()?
                .install_recorder()
                .ok()
        })
        .clone()
}

/// Sets what is a state rather than a count.
pub fn record(doorward: &Doorward) {
    let stats = doorward.guard().stats();
    let (open, idle) = doorward.database().pool_size();
    let lag = doorward.now().unix() - doorward.guard().revocations().fresh_at();
    metrics::gauge!("doorward_tokens_remembered").set(stats.entries as f64);
    metrics::gauge!("doorward_guard_bytes").set(stats.bytes_estimate as f64);
    metrics::counter!("doorward_tokens_verified_total", "from" => "memory").absolute(stats.hits);
    metrics::counter!("doorward_tokens_verified_total", "from" => "signature").absolute(stats.misses);
    metrics::gauge!("doorward_revoked", "what" => "session").set(stats.revoked_sessions as f64);
    metrics::gauge!("doorward_revoked", "what" => "token").set(stats.revoked_tokens as f64);
    metrics::gauge!("doorward_revoked", "what" => "user").set(stats.revoked_users as f64);
    metrics::gauge!("doorward_revocations_age_seconds").set(lag.max(0) as f64);
    metrics::gauge!("doorward_followers").set(revocation::followers(doorward) as f64);
    metrics::gauge!("doorward_password_queue").set(doorward.hashing().waiting() as f64);
    metrics::gauge!("doorward_password_threads").set(doorward.hashing().threads() as f64);
    metrics::gauge!("doorward_database_connections", "state" => "open").set(f64::from(open));
    metrics::gauge!("doorward_database_connections", "state" => "idle").set(idle as f64);
}

/// The metrics, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Operation",
    responses(
        (status = 200, description = "Text of Prometheus's exposition format 0.0.4.", content_type = "text/plain", body = String),
        (status = 404, description = "`not_found`: `metrics.enabled` is false, or the application has its own recorder."),
    ),
)]
pub(crate) async fn show(Extension(app): Extension<App>) -> Result<Response, Refusal> {
    let settings = &app.settings().metrics;
    if !settings.enabled || settings.listen.is_some() {
        return Err(Error::PathNotFound.into());
    }
    render(&app)
}

/// The same on a listener of its own.
pub(crate) async fn show_apart(Extension(app): Extension<App>) -> Result<Response, Refusal> {
    render(&app)
}

fn render(app: &App) -> Result<Response, Refusal> {
    let handle = app.metrics().ok_or(Error::PathNotFound)?;
    record(app.doorward());
    let headers = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((headers, handle.render()).into_response())
}
