use std::{net::SocketAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use doorward::{
    Doorward,
    serve::{ListenAddress, ServeConfig, Server, TlsFiles, signals},
    telemetry::{self, LogFormat, Telemetry, TracesConfig},
};
use doorward_core::{
    SystemRandomness,
    password::NewPassword,
    random_bytes,
    settings::{self, Listen, Loaded, Profile, Secret, Settings, Severity},
    user::FirstAdministrator,
};

use super::CommandError;
use crate::{
    succession::{self, Succession},
    testing::{self, Testing},
};

/// Serves until told to stop.
pub(crate) async fn run(loaded: Loaded) -> Result<(), CommandError> {
    refuse_insecure(&loaded)?;
    let settings = loaded.settings;
    let telemetry = begin_logging(&settings)?;
    let result = if settings.profile == Profile::Testing {
        Box::pin(serve_testing(settings)).await
    } else {
        Box::pin(serve(settings)).await
    };
    telemetry.shutdown().await;
    result
}

/// What makes the configuration unfit, all of it at once; what is only unwise is told by `doctor`.
fn refuse_insecure(loaded: &Loaded) -> Result<(), CommandError> {
    let problems = settings::check(&loaded.settings);
    let errors: Vec<_> = problems.into_iter().filter(|problem| problem.severity == Severity::Error).collect();
    if errors.is_empty() { Ok(()) } else { Err(CommandError::unfit(errors)) }
}

fn begin_logging(settings: &Settings) -> Result<Telemetry, CommandError> {
    let format = match settings.log.format {
        settings::LogFormat::Auto => LogFormat::Auto,
        settings::LogFormat::Pretty => LogFormat::Pretty,
        settings::LogFormat::Json => LogFormat::Json,
    };
    let traces = settings.otel.endpoint.as_ref().map(|endpoint| TracesConfig {
        endpoint: endpoint.expose().to_owned(),
        service_name: settings.otel.service_name.clone(),
        sample_ratio: 1.0,
    });
    telemetry::init(&settings.log.level, format, traces.as_ref())
        .map_err(|error| CommandError::configuration(error.to_string()))
}

async fn serve(settings: Settings) -> Result<(), CommandError> {
    let stop = signals().map_err(|error| CommandError::failed(error.to_string()))?;
    let settings = succession::present(settings).await;
    let doorward = match Doorward::builder().settings(settings.clone()).build().await {
        Ok(doorward) => doorward,
        Err(error) => return Err(why_not_started(&settings, error).await),
    };
    let settings = doorward.core().settings().clone();
    let password = std::env::var("DOORWARD_ADMIN_PASSWORD").ok().map(NewPassword::new);
    if let Some(made) = doorward.ensure_first_administrator(password).await? {
        tell_password(&made);
    }
    let server = Server::bind(serve_config(&settings, &settings.listen, true))
        .await
        .map_err(|error| CommandError::failed(error.to_string()))?;
    tracing::info!(database = doorward.core().database().location(), "ready");
    let metrics = metrics_server(&settings).await?;

    let succession = Succession::begin(settings, doorward);
    let following = tokio::spawn({
        let succession = succession.clone();
        async move { succession.follow().await }
    });
    let (stopping, stopped) = tokio::sync::watch::channel(false);
    let metrics = tokio::spawn({
        let router = succession.metrics_router();
        let mut stopped = stopped.clone();
        async move {
            if let Some(server) = metrics {
                server.run(router, async move { drop(stopped.changed().await) }).await;
            }
        }
    });
    let stop = {
        let succession = succession.clone();
        async move {
            stop.await;
            // They wait for what may not come for a minute, and would hold the stop up.
            succession.current().doorward.core().dismiss_followers();
        }
    };
    server.run(succession.router(), stop).await;
    tracing::info!("stopping");
    let _ = stopping.send(true);
    let _ = metrics.await;
    following.abort();
    succession.current().end().await;
    Ok(())
}

/// Serves from memory, for the tests of other programs.
async fn serve_testing(mut settings: Settings) -> Result<(), CommandError> {
    testing::refuse_real_things(&settings).map_err(|(what, way_out)| CommandError::refused_setting(what, way_out))?;
    let stop = signals().map_err(|error| CommandError::failed(error.to_string()))?;
    // In memory too: nothing is left on the disk.
    let key: [u8; 32] = random_bytes(&SystemRandomness);
    settings.keys.seal_key = Some(Secret::new(STANDARD.encode(key)));
    let testing = Testing::begin(settings.clone()).await?;
    let server = Server::bind(serve_config(&settings, &settings.listen, true))
        .await
        .map_err(|error| CommandError::failed(error.to_string()))?;
    tracing::info!(users = testing::USERNAMES.join(", "), password = testing::PASSWORD, "ready");
    server.run(testing.router(), stop).await;
    testing.close().await;
    Ok(())
}

/// The error of a start, with the exit code of an unavailable database where it is that.
async fn why_not_started(settings: &Settings, error: doorward::Error) -> CommandError {
    match doorward_core::Doorward::connect_only(settings, false).await {
        Ok(database) => {
            database.close().await;
            error.into()
        }
        Err(_) => CommandError::unreachable(error),
    }
}

async fn metrics_server(settings: &Settings) -> Result<Option<Server>, CommandError> {
    let Some(listen) = settings.metrics.listen.as_ref().filter(|_| settings.metrics.enabled) else {
        return Ok(None);
    };
    let config = serve_config(settings, std::slice::from_ref(listen), false);
    let server = Server::bind(config).await.map_err(|error| CommandError::failed(error.to_string()))?;
    Ok(Some(server))
}

fn serve_config(settings: &Settings, listen: &[Listen], tls: bool) -> ServeConfig {
    let timeout = Duration::from_millis;
    ServeConfig {
        listen: listen.iter().map(address).collect(),
        tls: match (&settings.tls.certificate, &settings.tls.key) {
            (Some(certificate), Some(key)) if tls => {
                Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })
            }
            _ => None,
        },
        max_connections: settings.http.max_connections,
        header_read_timeout: timeout(settings.http.header_read_timeout_ms),
        body_read_timeout: timeout(settings.http.request_timeout_ms),
        grace: timeout(settings.shutdown.grace_ms),
        ..ServeConfig::default()
    }
}

fn address(listen: &Listen) -> ListenAddress {
    match listen {
        Listen::Tcp(address) => tcp(*address),
        Listen::Unix(path) => ListenAddress::Unix(path.clone()),
    }
}

fn tcp(address: SocketAddr) -> ListenAddress {
    ListenAddress::Tcp { host: address.ip().to_string(), port: address.port() }
}

/// On standard output, once: it is in no log and stored nowhere.
fn tell_password(made: &FirstAdministrator) {
    let Some(password) = &made.generated_password else { return };
    println!("The first user is `{}`, with the password", made.username);
    println!();
    println!("    {password}");
    println!();
    println!("It is not shown again. Change it with `doorward user set-password {}`.", made.username);
}
