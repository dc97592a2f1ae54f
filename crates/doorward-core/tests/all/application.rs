//! A database as a Flask application left it, and a Doorward on it.

use std::sync::Arc;

use chrono::DateTime;
use doorward_core::{
    Doorward, Error, ManualClock, Start,
    session::{LogIn, LoggedIn, log_in},
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

    pub(crate) fn url(&self) -> &str {
        &self.url
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

    /// Every cell of the application's tables byte for byte, its own bookkeeping, and its columns.
    pub(crate) async fn content(&self) -> Vec<String> {
        let columns = "id, email, username, password_hash, confirmed, name, location, about_me, member_since, last_seen, avatar_hash";
        let postgres = self.url.starts_with("postgres");
        let cell = |column: &str| {
            if postgres {
                format!("coalesce(quote_literal({column}::text), 'NULL')")
            } else {
                // `quote` alone would stop at a NUL.
                format!("typeof({column}) || hex({column})")
            }
        };
        let cells: Vec<_> = columns.split(", ").map(cell).collect();
        let mut lines = self.lines(&format!("SELECT {} FROM users ORDER BY id", cells.join(" || '|' || "))).await;
        lines.extend(self.lines("SELECT version_num FROM alembic_version").await);
        let names = format!("'{}'", columns.replace(", ", "', '"));
        let shape = if postgres {
            format!(
                "SELECT concat_ws(' ', column_name, data_type, character_maximum_length, is_nullable, column_default) \
                 FROM information_schema.columns WHERE table_name = 'alembic_version' \
                 OR (table_name = 'users' AND column_name IN ({names})) ORDER BY table_name, ordinal_position"
            )
        } else {
            format!(
                "SELECT cid || ' ' || name || ' ' || type || ' ' || \"notnull\" || ' ' || pk || coalesce(dflt_value, '') \
                 FROM pragma_table_info('users') WHERE name IN ({names}) ORDER BY cid"
            )
        };
        lines.extend(self.lines(&shape).await);
        lines
    }

    /// The whole schema, for what must be exactly as before.
    pub(crate) async fn schema(&self) -> Vec<String> {
        // What is left of the migrator's own table and of SQLite's is nobody's.
        let sql = if self.url.starts_with("postgres") {
            "SELECT line FROM (
                SELECT concat_ws(' ', table_name, column_name, data_type, ordinal_position) AS line, table_name AS name
                FROM information_schema.columns WHERE table_schema = 'public'
                UNION ALL SELECT indexdef, indexname FROM pg_indexes WHERE schemaname = 'public'
                UNION ALL SELECT proname::text, proname::text || ' function' FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace
                UNION ALL SELECT tgname::text, tgname::text || ' trigger' FROM pg_trigger WHERE NOT tgisinternal
             ) AS everything WHERE name NOT LIKE 'doorward_migrations%' ORDER BY line"
        } else {
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'doorward_migrations%' \
             AND name NOT LIKE 'sqlite_%' ORDER BY name"
        };
        self.lines(sql).await
    }

    /// Every table there is but SQLite's own bookkeeping.
    pub(crate) async fn every_name(&self) -> Vec<String> {
        self.lines(if self.url.starts_with("postgres") {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        } else {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        })
        .await
    }

    pub(crate) async fn start(&self) -> Result<Doorward, Error> {
        let mut settings = Settings::for_profile(Profile::Testing);
        settings.database = ConnectionUrl::new(self.url.clone());
        settings.token.secret_keys = vec![Secret::new("the application's SECRET_KEY")];
        settings.keys.seal_key = Some(Secret::new("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="));
        settings.login.failure_time_ms = 0;
        settings.password.werkzeug_rounds = 1_000;
        let clock = ManualClock::at(DateTime::from_timestamp(1_600_000_000, 0).unwrap());
        Doorward::start(Start { clock: Arc::new(clock), ..Start::new(settings) }).await
    }
}

pub(crate) async fn sign_in(doorward: &Doorward, identifier: &str, password: &str) -> Result<LoggedIn, Error> {
    let arrived = tokio::time::Instant::now();
    log_in(doorward, LogIn { identifier, password, new_password: None, arrived }).await
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
