//! An axum application that guards a route of its own with Doorward inside.
//!
//! `cargo run --example embedded`, then sign in at `POST /login` and ask `GET /my_info`.
//! `--bare` serves the same answer without a guard, to measure what the guard costs.

use std::error::Error;

use axum::{Router, routing::get};
use doorward::{
    Doorward, Envelope, Settings,
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

/// The application's route behind the guard, and Doorward's own beside it.
async fn application(settings: Settings) -> Result<(Doorward, Router), doorward::Error> {
    let doorward = Doorward::builder().settings(settings).build().await?;
    let guarded = Router::new().route("/my_info", get(my_info)).layer(doorward.login_required());
    let app = guarded.merge(doorward.router());
    Ok((doorward, app))
}

fn addresses(settings: &Settings) -> Vec<ListenAddress> {
    let address = |listen: &Listen| match listen {
        Listen::Tcp(address) => ListenAddress::Tcp { host: address.ip().to_string(), port: address.port() },
        Listen::Unix(path) => ListenAddress::Unix(path.clone()),
    };
    settings.listen.iter().map(address).collect()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = match settings::load(&Options::of_process()) {
        Ok(loaded) => loaded.settings,
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| eprintln!("{mistake}"));
            return Err("the configuration can't be used".into());
        }
    };
    let config = ServeConfig { listen: addresses(&settings), ..ServeConfig::default() };
    if std::env::args().any(|argument| argument == "--bare") {
        let app = Router::new().route("/my_info", get(my_info)).route("/healthz", get(async || "ok"));
        serve::run(app, config, serve::signals()?).await?;
        return Ok(());
    }

    let (doorward, app) = application(settings).await?;
    let password = std::env::var("DOORWARD_ADMIN_PASSWORD").ok().map(NewPassword::new);
    if let Some(made) = doorward.ensure_first_administrator(password).await?
        && let Some(password) = made.generated_password
    {
        println!("The first user is `{}`, with the password {password}", made.username);
    }
    let background = doorward.clone();
    tokio::spawn(async move { background.run().await });
    serve::run(app, config, serve::signals()?).await?;
    doorward.core().close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use doorward_core::settings::Profile;
    use http_body_util::BodyExt as _;
    use tempfile::TempDir;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(app: &Router, method: &str, path: &str, token: &str, body: &str) -> Value {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("token", token);
        }
        let answer = app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn the_applications_own_route_opens_by_a_token_until_its_logout() {
        let folder = TempDir::new().unwrap();
        let mut settings = Settings::for_profile(Profile::Testing);
        let database = format!("sqlite://{}", folder.path().join("app.db").display());
        settings.database = database.as_str().into();
        settings.keys.seal_key_file = folder.path().join("doorward.key");
        let (doorward, app) = application(settings).await.unwrap();
        let password = NewPassword::new("a long pass phrase");
        doorward.ensure_first_administrator(Some(password)).await.unwrap();

        assert_eq!(ask(&app, "GET", "/my_info", "", "").await["error"], "token_missing");
        let login = ask(&app, "POST", "/login", "", r#"{"username":"admin","password":"a long pass phrase"}"#).await;
        let token = login["token"].as_str().unwrap();
        let answer = ask(&app, "GET", "/my_info", token, "").await;
        assert_eq!(answer, json!({"code": 200, "message": null, "data": {"hello": "world"}}));
        ask(&app, "GET", "/logout", token, "").await;
        assert_eq!(ask(&app, "GET", "/my_info", token, "").await["error"], "token_revoked");
    }
}
