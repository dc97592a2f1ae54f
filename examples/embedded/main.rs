//! An axum application that guards a route of its own with Doorward inside.
//!
//! `cargo run --example embedded`, then sign in at `POST /login` and ask `GET /my_info`.
//! `--bare` serves the same answer without a guard, to measure what the guard costs.

use std::error::Error;

use axum::{Router, routing::get};
use doorward::{
    Doorward, Envelope,
    serve::{self, ListenAddress, ServeConfig},
};
use doorward_core::{
    password::NewPassword,
    settings::{self, Listen, Options},
};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

async fn my_info() -> Envelope<Value> {
    Envelope::successful(json!({"hello": "world"}))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let loaded = settings::load(&Options::of_process()).map_err(|errors| format!("{errors:?}"))?;
    let listen = match &loaded.settings.listen[0] {
        Listen::Tcp(address) => ListenAddress::Tcp { host: address.ip().to_string(), port: address.port() },
        Listen::Unix(path) => ListenAddress::Unix(path.clone()),
    };
    let config = ServeConfig { listen: vec![listen], ..ServeConfig::default() };
    if std::env::args().any(|argument| argument == "--bare") {
        let app = Router::new().route("/my_info", get(my_info)).route("/healthz", get(async || "ok"));
        serve::run(app, config, serve::signals()?).await?;
        return Ok(());
    }

    let doorward = Doorward::builder().settings(loaded.settings).build().await?;
    let password = std::env::var("DOORWARD_ADMIN_PASSWORD").ok().map(NewPassword::new);
    if let Some(made) = doorward.ensure_first_administrator(password).await?
        && let Some(password) = made.generated_password
    {
        println!("The first user is `{}`, with the password {password}", made.username);
    }
    let guarded = Router::new().route("/my_info", get(my_info)).layer(doorward.login_required());
    let app = guarded.merge(doorward.router());

    let background = doorward.clone();
    tokio::spawn(async move { background.run().await });
    serve::run(app, config, serve::signals()?).await?;
    doorward.core().close().await;
    Ok(())
}
