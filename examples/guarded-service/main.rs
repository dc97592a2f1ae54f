//! A service of its own, behind a Doorward that runs somewhere else: it knows who is asking without asking Doorward.
//!
//! `DOORWARD_SERVICE_KEY=dw_… cargo run --example guarded-service`, then `GET localhost:3000/orders` with a token.

use std::error::Error;
use std::time::Duration;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use doorward_guard::{
    ServiceGuard,
    axum::{CurrentUser, RequireRole, RoleName},
};
use serde_json::{Value, json};

struct Admin;
impl RoleName for Admin {
    const NAME: &'static str = "admin";
}

async fn orders(user: CurrentUser) -> Json<Value> {
    Json(json!({"orders": [], "of": user.username.as_deref(), "user_id": user.user_id}))
}

async fn every_order(_: RequireRole<Admin>) -> Json<Value> {
    Json(json!({"orders": []}))
}

async fn greeting(user: Option<CurrentUser>) -> String {
    match user.as_ref().and_then(|user| user.username.as_deref()) {
        Some(name) => format!("Hello, {name}!\n"),
        None => "Hello, whoever you are!\n".to_owned(),
    }
}

/// 503 as long as nobody could be let in.
async fn health(State(guard): State<ServiceGuard>) -> (StatusCode, Json<Value>) {
    let status = guard.status();
    let code = if status.stale { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let reason = status.feed_error.or(status.keys_error);
    (code, Json(json!({"heard_of_doorward_seconds_ago": status.fresh_seconds_ago, "error": reason})))
}

fn application(guard: ServiceGuard) -> Router {
    Router::new()
        .route("/", get(greeting))
        .route("/orders", get(orders))
        .route("/orders/all", get(every_order))
        .route("/health", get(health))
        .with_state(guard)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name: &str, otherwise: &str| std::env::var(name).unwrap_or_else(|_| otherwise.to_owned());
    let key = std::env::var("DOORWARD_SERVICE_KEY").map_err(|_| "DOORWARD_SERVICE_KEY is not set")?;
    let guard = ServiceGuard::builder(setting("DOORWARD_URL", "http://127.0.0.1:8080"), key)
        .issuer(setting("DOORWARD_ISSUER", "doorward"))
        .start()?;
    if tokio::time::timeout(Duration::from_secs(10), guard.ready()).await.is_err() {
        eprintln!("Doorward was not heard of yet, so everybody is refused: {:?}", guard.status().feed_error);
    }
    let listener = tokio::net::TcpListener::bind(setting("LISTEN", "127.0.0.1:3000")).await?;
    println!("http://{}/orders", listener.local_addr()?);
    axum::serve(listener, application(guard)).await?;
    Ok(())
}
