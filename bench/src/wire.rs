//! The requests of the outside contract that the rigs send, the same for Doorward and the Flask system where both have them.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http_client::{Answer, Request, ask};

/// What a login gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// For the `token` header.
    pub access: String,
    /// Doorward's, not the Flask system's.
    pub refresh: Option<String>,
}

impl Tokens {
    /// From the answer of a login or a refresh.
    pub(crate) fn read(answer: &Answer) -> Option<Self> {
        let body = answer.json();
        if answer.code() != 200 {
            return None;
        }
        let text = |name: &str| -> Option<String> { find(&body, name)?.as_str().map(str::to_owned) };
        Some(Self { access: text("token")?, refresh: text("refresh_token") })
    }
}

/// A member of the answer itself, or of its `data`.
fn find<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name).or_else(|| body.get("data")?.get(name))
}

/// `POST /login`.
pub(crate) fn login_request(username: &str, password: &str) -> Request {
    Request::json("POST", "/login", &[], &json!({ "username": username, "password": password }))
}

/// `POST /token/refresh`.
pub(crate) fn refresh_request(refresh: &str) -> Request {
    Request::json("POST", "/token/refresh", &[], &json!({ "refresh_token": refresh }))
}

/// A GET with an access token.
pub(crate) fn guarded_request(path: &str, access: &str) -> Request {
    Request::new("GET", path, &[("token", access)])
}

/// Signs in, or says what came instead.
pub(crate) async fn login(address: SocketAddr, username: &str, password: &str) -> Result<Tokens> {
    let answer = ask(address, &login_request(username, password)).await?;
    Tokens::read(&answer).with_context(|| format!("{username} could not sign in: {}", answer.in_short()))
}

/// The answer of a guarded path, which must be 200.
pub(crate) async fn guarded(address: SocketAddr, path: &str, access: &str) -> Result<Answer> {
    let answer = ask(address, &guarded_request(path, access)).await?;
    if answer.code() != 200 {
        bail!("GET {path} refused a fresh token: {}", answer.in_short());
    }
    Ok(answer)
}

/// Ends the token's session; must be 200.
pub(crate) async fn logout(address: SocketAddr, access: &str) -> Result<()> {
    guarded(address, "/logout", access).await?;
    Ok(())
}
