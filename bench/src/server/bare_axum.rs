//! What a guarded request is compared with: axum alone, giving the same answer without asking who is there.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;
use doorward_guard::{ServiceGuard, axum::CurrentUser};
use serde::{Deserialize, Serialize};

use super::{Server, free_address};
use crate::http_client::Answer;

/// Written by the server itself, or new at each request: they can't be copied.
const OF_THE_MOMENT: [&str; 4] = ["connection", "content-length", "date", "transfer-encoding"];

#[derive(Debug, Serialize, Deserialize)]
struct Copied {
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// Starts this program again as a server that gives `answer` at `path`.
pub(crate) async fn start(path: &str, answer: &Answer, folder: &Path) -> Result<Server> {
    let mut server = spawn("bare-axum", path, answer, folder, |_| {})?;
    server.answers(path, Duration::from_secs(10)).await?;
    Ok(server)
}

/// The same, to those only whom the Doorward at `url` lets in: it follows that as the service with this key.
pub(crate) async fn start_guarded(
    path: &str,
    answer: &Answer,
    folder: &Path,
    (url, service_key): (&str, &str),
) -> Result<Server> {
    let mut server = spawn("guarded-axum", path, answer, folder, |command| {
        command.arg("--guarded-by").arg(url).env(SERVICE_KEY, service_key);
    })?;
    server.answers(READY, Duration::from_secs(10)).await?;
    Ok(server)
}

const SERVICE_KEY: &str = "DOORWARD_SERVICE_KEY";
/// Answers once Doorward was heard of.
const READY: &str = "/ready";

fn spawn(name: &str, path: &str, answer: &Answer, folder: &Path, more: impl FnOnce(&mut Command)) -> Result<Server> {
    let headers = answer.headers.iter().filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str())).cloned().collect();
    let copied = Copied { path: path.to_owned(), headers, body: String::from_utf8(answer.body.clone())? };
    let file = folder.join(format!("{name}.json"));
    fs::write(&file, serde_json::to_vec(&copied)?)?;
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare-axum").arg("--listen").arg(address.to_string()).arg("--answer").arg(file);
    more(&mut command);
    Server::spawn(name, command, address, folder)
}

/// The server itself: body and headers ready in memory, nothing else done; but for the guard, if there is one.
pub(crate) async fn serve(listen: SocketAddr, answer: &Path, guarded_by: Option<&str>) -> Result<()> {
    let copied: Copied = serde_json::from_slice(&fs::read(answer)?)
        .with_context(|| format!("{} holds no answer to give", answer.display()))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &copied.headers {
        headers.append(name.parse::<HeaderName>()?, value.parse::<HeaderValue>()?);
    }
    let body = Bytes::from(copied.body);
    let router = match guarded_by {
        None => Router::new().route(&copied.path, get(move || async move { (headers, body) })),
        Some(url) => {
            let guard = ServiceGuard::builder(url, std::env::var(SERVICE_KEY)?).start()?;
            guard.ready().await;
            Router::new()
                .route(&copied.path, get(move |_: CurrentUser| async move { (headers, body) }))
                .route(READY, get(|| async {}))
                .with_state(guard)
        }
    };
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, router).await?;
    Ok(())
}
