//! Reading files again while serving.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::systemd;
use super::tls::Certificate;

/// How often the TLS files are looked at for a change.
pub(super) const CERTIFICATE_CHECK: Duration = Duration::from_secs(5);

/// Keeps the certificate fresh: at SIGHUP, and when its files change. Never returns.
///
/// Without a certificate SIGHUP is only taken over under systemd, where a reload must not kill the
/// service; on a terminal it goes on meaning that the terminal is gone.
pub(super) async fn reload(mut certificate: Option<Certificate>, status: &str) {
    let mut hangup = (certificate.is_some() || systemd::is_service())
        .then(|| signal(SignalKind::hangup()))
        .and_then(|hangup| hangup.inspect_err(|error| tracing::warn!(%error, "SIGHUP won't reload")).ok());
    loop {
        let asked = tokio::select! {
            _ = async { hangup.as_mut().expect("guarded by the branch's condition").recv().await }, if hangup.is_some() => true,
            () = sleep(CERTIFICATE_CHECK), if certificate.is_some() => false,
            else => return std::future::pending().await,
        };
        if asked {
            systemd::reloading();
        }
        if let Some(mut current) = certificate.take() {
            let check = tokio::task::spawn_blocking(move || {
                current.reload_if_changed();
                current
            });
            match check.await {
                Ok(current) => certificate = Some(current),
                Err(error) => tracing::error!(%error, "the TLS certificate is no longer watched"),
            }
        }
        if asked {
            tracing::info!("SIGHUP: files read again");
            systemd::ready(status);
        }
    }
}
