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
    let headers = answer.headers.iter().filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str())).cloned().collect();
    let copied = Copied { path: path.to_owned(), headers, body: String::from_utf8(answer.body.clone())? };
    let file = folder.join("bare-axum.json");
    fs::write(&file, serde_json::to_vec(&copied)?)?;
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare-axum").arg("--listen").arg(address.to_string()).arg("--answer").arg(file);
    let mut server = Server::spawn("bare-axum", command, address, folder)?;
    server.answers(path, Duration::from_secs(10)).await?;
    Ok(server)
}

/// The server itself: body and headers ready in memory, nothing else done.
pub(crate) async fn serve(listen: SocketAddr, answer: &Path) -> Result<()> {
    let copied: Copied = serde_json::from_slice(&fs::read(answer)?)
        .with_context(|| format!("{} holds no answer to give", answer.display()))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &copied.headers {
        headers.append(name.parse::<HeaderName>()?, value.parse::<HeaderValue>()?);
    }
    let body = Bytes::from(copied.body);
    let router = Router::new().route(&copied.path, get(move || async move { (headers, body) }));
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, router).await?;
    Ok(())
}
