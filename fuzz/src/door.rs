//! Doorward as it serves, on a database in memory and under a clock that stands.

use std::sync::{Arc, LazyLock};

use axum::{Router, body::Body};
use bytes::Bytes;
use chrono::DateTime;
use doorward_core::{
    Doorward, ManualClock, Start,
    password::NewPassword,
    settings::{ConnectionUrl, Profile, Secret, Settings, TokenFormat},
    user::{self, NewUser},
};
use doorward_http::App;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// 2020-03-15 03:50:00 UTC.
pub(crate) const NOW: i64 = 1_584_244_200;
pub(crate) const SECRET: &str = "a secret key of the Flask application, 2020";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime can be made"));

static ROUTER: LazyLock<Router> = LazyLock::new(|| RUNTIME.block_on(start()));

pub(crate) fn runtime() -> &'static Runtime {
    &RUNTIME
}

async fn start() -> Router {
    let mut settings = Settings::for_profile(Profile::Testing);
    settings.database = ConnectionUrl::new("sqlite::memory:");
    settings.keys.seal_key = Some(Secret::new("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="));
    settings.token.format = TokenFormat::Flask;
    settings.token.secret_keys = vec![Secret::new(SECRET)];
    settings.login.failure_time_ms = 0;
    settings.password.argon2.memory_kib = 64;
    settings.password.argon2.iterations = 1;
    let time = DateTime::from_timestamp(NOW, 0).expect("a time that chrono knows");
    let start = Start { clock: Arc::new(ManualClock::at(time)), ..Start::new(settings) };
    let doorward = Doorward::start(start).await.expect("Doorward starts in memory");
    let susan = NewUser {
        username: "susan",
        email: Some("susan@example.com"),
        password: Some(NewPassword::new(PASSWORD)),
        confirmed: true,
        roles: Vec::new(),
    };
    user::create(&doorward, susan).await.expect("the first user of an empty database");
    doorward_http::router(&App::new(doorward))
}

/// What Doorward answers.
pub(crate) fn send(request: Request<Body>) -> Response<Bytes> {
    let router = ROUTER.clone();
    RUNTIME.block_on(async {
        let Ok(response) = router.oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("Doorward's bodies are whole").to_bytes();
        Response::from_parts(parts, body)
    })
}
