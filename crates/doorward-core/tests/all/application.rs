//! A database as a Flask application left it, and a Doorward on it.

use std::sync::Arc;

use chrono::DateTime;
use doorward_core::{
    Doorward, Error, ManualClock, Start,
    session::{Client, LogIn, LoggedIn, log_in},
    settings::{ConnectionUrl, Profile, Secret, Settings},
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;

pub(crate) const SMALL_USERS: &str = include_str!("../fixtures/small.users.jsonl");
pub(crate) const LARGE_USERS: &str = include_str!("../fixtures/large.users.jsonl");
pub(crate) const TROUBLES: &str = include_str!("../fixtures/large.troubles.json");

/// The application's database: a copy of a file, or a schema restored into PostgreSQL.
pub(crate) struct Application {
    url: String,
    _folder: TempDir,
}

impl Application {
    pub(crate) fn sqlite(fixture: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("app.db");
        std::fs::copy(format!("{}/tests/fixtures/{fixture}", env!("CARGO_MANIFEST_DIR")), &path).unwrap();
        Self { url: format!("sqlite://{}", path.display()), _folder: folder }
    }

    pub(crate) async fn postgres(name: &str) -> Self {
        let server =
            std::env::var("DOORWARD_TEST_POSTGRES").expect("run `cargo xtask test`, or see `cargo xtask postgres`");
        let name = format!("adopt_{name}_{}", std::process::id());
        let connection = Database::connect(&server).await.unwrap();
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        let application = Self { url, _folder: TempDir::new().unwrap() };
        let connection = application.connect().await;
        for statement in include_str!("../fixtures/flask_users.pg.sql").split_terminator(";\n") {
            // One statement after the other, as `psql` does: rows too wide for their column are left out.
            let result = connection.execute_unprepared(statement).await;
            assert!(result.is_ok() || result.unwrap_err().to_string().contains("too long"), "{statement}");
        }
        connection.close().await.unwrap();
        application
    }

    pub(crate) async fn connect(&self) -> DatabaseConnection {
        Database::connect(&self.url).await.unwrap()
    }

    /// Runs statements as the application would.
    pub(crate) async fn sql(&self, statements: &str) {
        let connection = self.connect().await;
        connection.execute_unprepared(statements).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Rows of one text column.
    pub(crate) async fn lines(&self, sql: &str) -> Vec<String> {
        let connection = self.connect().await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection.query_all_raw(statement).await.unwrap();
        let lines = rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default());
        let lines = lines.collect();
        connection.close().await.unwrap();
        lines
    }

    /// Every row as the application sees it, and its own bookkeeping.
    pub(crate) async fn content(&self) -> Vec<String> {
        let columns =
            "id, email, username, password_hash, confirmed, name, location, member_since, last_seen, avatar_hash";
        let cells: Vec<_> =
            columns.split(", ").map(|column| format!("coalesce(CAST({column} AS TEXT), 'NULL')")).collect();
        let sql = format!("SELECT {} FROM users ORDER BY id", cells.join(" || '|' || "));
        let mut lines = self.lines(&sql).await;
        lines.extend(self.lines("SELECT version_num FROM alembic_version").await);
        lines
    }

    pub(crate) async fn start(&self) -> Result<Doorward, Error> {
        let mut settings = Settings::for_profile(Profile::Testing);
        settings.database = ConnectionUrl::new(self.url.clone());
        settings.keys.seal_key = Some(Secret::new("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="));
        settings.login.failure_time_ms = 0;
        settings.password.werkzeug_rounds = 1_000;
        let clock = ManualClock::at(DateTime::from_timestamp(1_600_000_000, 0).unwrap());
        Doorward::start(Start { clock: Arc::new(clock), ..Start::new(settings) }).await
    }
}

pub(crate) async fn sign_in(doorward: &Doorward, identifier: &str, password: &str) -> Result<LoggedIn, Error> {
    let arrived = tokio::time::Instant::now();
    log_in(doorward, LogIn { identifier, password, client: Client::default(), arrived }).await
}

/// `(id, username, email, password)` of a fixture's users.
pub(crate) fn people(fixture: &str) -> Vec<(i64, Option<String>, Option<String>, String)> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    fixture
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|it| {
            (
                it["id"].as_i64().unwrap(),
                text(&it["username"]),
                text(&it["email"]),
                text(&it["password"]).unwrap_or_default(),
            )
        })
        .collect()
}
