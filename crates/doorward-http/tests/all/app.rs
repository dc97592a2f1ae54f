//! A Doorward of a test's own, on an engine of its own, under a clock that the test sets.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, body::Body};
use chrono::DateTime;
use doorward_core::{
    Doorward, ManualClock, Start,
    api_key::{self, NewApiKey},
    password::NewPassword,
    settings::{ConnectionUrl, Profile, Secret, Settings, TokenFormat},
    user::{self, NewUser, User},
};
use doorward_http::{App, Peer};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// The password of every user that a test makes.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The secret that is shared with a Flask application where a test has one.
pub(crate) const SECRET_KEY: &str = "a secret key of the Flask application, 2020";
/// When the clock stands at first: 2020-03-15 03:30 UTC.
pub(crate) const BEGIN: i64 = 1_584_243_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Runs the test on SQLite and on PostgreSQL, each with a database of its own.
pub(crate) fn on_both_engines(test: impl AsyncFn(TestApp)) {
    configured_on_both_engines(|_| {}, test);
}

/// The same with other settings.
pub(crate) fn configured_on_both_engines(configure: impl Fn(&mut Settings), test: impl AsyncFn(TestApp)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Both engines must match one snapshot.
    insta::allow_duplicates! {
        for engine in [Engine::Sqlite, Engine::Postgres] {
            runtime.block_on(async { test(TestApp::start(engine, &configure).await).await });
        }
    }
}

/// A second door into the same Doorward, or the first.
#[derive(Clone)]
pub(crate) struct TestApp {
    pub(crate) engine: Engine,
    pub(crate) doorward: Doorward,
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
    folder: Arc<TempDir>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Who sends a request: what stands in its headers.
#[derive(Default, Clone, Copy)]
pub(crate) enum As<'a> {
    #[default]
    Nobody,
    /// The header `token`.
    Token(&'a str),
    /// `Authorization: Bearer`.
    Bearer(&'a str),
    /// The session cookie.
    Cookie(&'a str),
}

impl TestApp {
    pub(crate) async fn start(engine: Engine, configure: &impl Fn(&mut Settings)) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let database = match engine {
            Engine::Sqlite => format!("sqlite://{}", folder.path().join("doorward.db").display()),
            Engine::Postgres => new_postgres_database().await,
        };
        let clock = Arc::new(ManualClock::at(DateTime::from_timestamp(BEGIN, 0).unwrap()));
        Self::open(engine, database, folder, clock, configure).await
    }

    /// Another replica on the same database, under the same clock.
    pub(crate) async fn replica(&self, configure: &impl Fn(&mut Settings)) -> Self {
        let url = self.doorward.settings().database.expose().to_owned();
        Self::open(self.engine, url, Arc::clone(&self.folder), Arc::clone(&self.clock), configure).await
    }

    async fn open(
        engine: Engine,
        database: String,
        folder: Arc<TempDir>,
        clock: Arc<ManualClock>,
        configure: &impl Fn(&mut Settings),
    ) -> Self {
        let mut settings = Settings::for_profile(Profile::Testing);
        settings.database = ConnectionUrl::new(database);
        settings.database_pool.max_connections = 4;
        settings.keys.seal_key = Some(Secret::new("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="));
        settings.login.failure_time_ms = 0;
        settings.password.argon2.memory_kib = 64;
        settings.password.argon2.iterations = 1;
        // Tests of other things sign in at will.
        settings.throttle.enabled = false;
        configure(&mut settings);
        let start = Start { clock: clock.clone(), ..Start::new(settings) };
        let doorward = Doorward::start(start).await.unwrap();
        let router = doorward_http::router(&App::new(doorward.clone()));
        Self { engine, doorward, clock, router, folder }
    }

    /// Sets the clock on, and lets the background work of that time happen.
    pub(crate) async fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.catch_up().await;
        self.doorward.flush_activity().await.unwrap();
    }

    /// Reads what other replicas and applications wrote, as a replica does each second.
    pub(crate) async fn catch_up(&self) {
        self.doorward.open_feed().await.unwrap();
        user::fill_lookup_keys(&self.doorward).await.unwrap();
    }

    pub(crate) async fn user(&self, username: &str) -> User {
        self.user_with_roles(username, &[]).await
    }

    pub(crate) async fn user_with_roles(&self, username: &str, roles: &[&str]) -> User {
        let email = format!("{username}@example.com");
        let new = NewUser {
            username,
            email: Some(&email),
            password: Some(NewPassword::new(PASSWORD)),
            confirmed: true,
            roles: roles.iter().map(ToString::to_string).collect(),
        };
        user::create(&self.doorward, new).await.unwrap()
    }

    /// Makes the user and signs in.
    pub(crate) async fn signed_in(&self, username: &str) -> (User, Value) {
        let user = self.user(username).await;
        (user, self.log_in(username).await.json())
    }

    pub(crate) async fn log_in(&self, username: &str) -> Answer {
        self.post("/login", json!({"username": username, "password": PASSWORD})).await
    }

    pub(crate) async fn get(&self, path: &str, who: As<'_>) -> Answer {
        self.send(request(Method::GET, path, who).body(Body::empty()).unwrap()).await
    }

    /// With a JSON body, where there is one.
    pub(crate) async fn call(&self, method: &str, path: &str, who: As<'_>, body: Option<Value>) -> Answer {
        let builder = request(method.parse().unwrap(), path, who);
        let request = match body {
            Some(body) => builder.header("content-type", "application/json").body(body.to_string().into()),
            None => builder.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// The API key of a new service.
    pub(crate) async fn service(&self, name: &str, scopes: &[&str]) -> String {
        let service = user::create_service(&self.doorward, name, Vec::new()).await.unwrap();
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let new = NewApiKey { name: "first".into(), scopes, expires_in: None };
        api_key::create(&self.doorward, service.id, new).await.unwrap().key.expose().to_owned()
    }

    /// A change that is bound to what was read.
    pub(crate) async fn patch_if(&self, path: &str, token: &str, etag: &str, body: Value) -> Answer {
        let builder = request(Method::PATCH, path, As::Token(token)).header("if-match", etag);
        self.send(builder.header("content-type", "application/json").body(body.to_string().into()).unwrap()).await
    }

    /// The access token of an administrator named `root`.
    pub(crate) async fn administrator(&self) -> String {
        self.user_with_roles("root", &["admin"]).await;
        self.token_of("root").await
    }

    /// Signs in and takes the access token.
    pub(crate) async fn token_of(&self, username: &str) -> String {
        self.log_in(username).await.json()["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_raw(path, "application/json", body.to_string()).await
    }

    /// The same as somebody.
    pub(crate) async fn post_as(&self, path: &str, who: As<'_>, body: Value) -> Answer {
        let request = request(Method::POST, path, who).header("content-type", "application/json");
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    pub(crate) async fn delete(&self, path: &str, who: As<'_>) -> Answer {
        self.send(request(Method::DELETE, path, who).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        let request =
            request(Method::POST, path, As::Nobody).header("content-type", content_type).body(body.into()).unwrap();
        self.send(request).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// The answer with its body still to be read.
    pub(crate) async fn stream(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// What stands in the outbox, oldest first.
    pub(crate) async fn mails(&self) -> Vec<Mail> {
        use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
        use doorward_core::mail;
        use sea_orm::{EntityTrait as _, QueryOrder as _};
        let key = RandomizedNonceKey::new(&AES_256_GCM, b"0123456789abcdef0123456789abcdef").unwrap();
        let rows = mail::Entity::find().order_by_asc(mail::Column::Id).all(self.doorward.database().reads()).await;
        let open = |row: mail::OutboxRow| {
            let sealed = row.sealed.unwrap();
            let (nonce, body) = sealed.split_at(12);
            let (nonce, mut body) = (Nonce::try_assume_unique_for_key(nonce).unwrap(), body.to_vec());
            let aad = Aad::from(format!("mail {}", row.message_id));
            let variables = serde_json::from_slice(key.open_in_place(nonce, aad, &mut body).unwrap()).unwrap();
            Mail { recipient: row.recipient, template: row.template, language: row.language, variables }
        };
        rows.unwrap().into_iter().map(open).collect()
    }

    /// The newest mail.
    pub(crate) async fn last_mail(&self) -> Mail {
        self.mails().await.pop().expect("a mail was written")
    }

    /// Runs a statement as another application on the same database would.
    pub(crate) async fn sql(&self, statement: &str) {
        let url = self.doorward.settings().database.expose().to_owned();
        let connection = Database::connect(url).await.unwrap();
        connection.execute_unprepared(statement).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The column `line` of what a query answers, as text.
    pub(crate) async fn column(&self, query: &str) -> Vec<String> {
        let url = self.doorward.settings().database.expose().to_owned();
        let connection = Database::connect(url).await.unwrap();
        let statement = sea_orm::Statement::from_string(connection.get_database_backend(), query);
        let rows = connection.query_all_raw(statement).await.unwrap();
        let lines = rows.iter().map(|row| row.try_get::<String>("", "line").unwrap()).collect();
        connection.close().await.unwrap();
        lines
    }
}

/// A mail of the outbox, opened.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) recipient: String,
    pub(crate) template: String,
    pub(crate) language: String,
    pub(crate) variables: Value,
}

impl Mail {
    /// What stands behind the `#` of the link.
    pub(crate) fn token(&self) -> String {
        self.variables["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
    }

    pub(crate) fn code(&self) -> String {
        self.variables["code"].as_str().unwrap().to_owned()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and body, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.text)
    }

    /// Status and error name.
    pub(crate) fn error(&self) -> String {
        let name = self.json()["error"].as_str().unwrap_or_default().to_owned();
        format!("{} {name}", self.status.as_u16())
    }

    /// The session cookie that the answer sets, as `name=value`.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }
}

/// A request from the loopback address, as `curl`.
pub(crate) fn request(method: Method, path: &str, who: As<'_>) -> http::request::Builder {
    let peer = Peer { address: Some(SocketAddr::from(([127, 0, 0, 1], 50000))), tls: false };
    let builder = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("user-agent", "curl/8.0")
        .extension(peer);
    match who {
        As::Nobody => builder,
        As::Token(token) => builder.header("token", token),
        As::Bearer(token) => builder.header("authorization", format!("Bearer {token}")),
        As::Cookie(cookie) => builder.header("cookie", cookie),
    }
}

/// Tokens as the Flask system issues them.
pub(crate) fn flask_tokens(settings: &mut Settings) {
    settings.token.format = TokenFormat::Flask;
    settings.token.secret_keys = vec![Secret::new(SECRET_KEY)];
}

async fn new_postgres_database() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let Ok(server) = std::env::var("DOORWARD_TEST_POSTGRES") else {
        panic!("no PostgreSQL for the tests: run `cargo xtask test`, or `cargo xtask postgres` and set what it prints");
    };
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let name = format!("doorward_{}_{number}", std::process::id());
    let connection = Database::connect(&server).await.unwrap();
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    connection.close().await.unwrap();
    let (before, _) = server.rsplit_once('/').unwrap();
    format!("{before}/{name}")
}
