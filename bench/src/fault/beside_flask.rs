//! The Flask application and Doorward on one database: each accepts the other's tokens, users, rows and changed passwords.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rand::RngExt;
use rand::seq::IndexedMutRandom;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::Findings;
use crate::command_line::On;
use crate::http_client::{Answer, Request, ask};
use crate::measure::{Rig, temporary_folder};
use crate::population::number;
use crate::server::Server;
use crate::server::doorward::{Doorward, address_of};
use crate::server::flask::Flask;
use crate::server::postgres::{Engine, Postgres};
use crate::wire::{Tokens, guarded_request, login_request};

const WORKERS: usize = 4;
const SECRET_KEY: &str = "a secret key that both of them know";
/// A Flask token is made of the user's id and the second: another one of the same second is the same token, ended or not,
/// and may be older than a change of password in that second.
const PAST_THE_SECOND: Duration = Duration::from_millis(1100);

/// `load` of mixed load on each engine.
pub(crate) async fn run(rig: &Rig, flask: &Flask, load: Duration, on: On) -> Result<Findings> {
    let mut findings = Findings::new("beside-flask");
    let folder = temporary_folder()?;
    let postgres = if on.postgres() { Some(Postgres::start().await?) } else { None };
    let sqlite = on.sqlite().then(|| Engine::Sqlite(folder.path()));
    for engine in [sqlite, postgres.as_ref().map(Engine::Postgres)].into_iter().flatten() {
        let own = folder.path().join(engine.name());
        std::fs::create_dir_all(&own)?;
        let database = engine.database("shared").await?;
        flask.create_tables(&database, &own)?;
        let doorward = Doorward::new("doorward", &rig.doorward, &own, &database)?
            .set("DOORWARD_TOKEN__FORMAT", "flask")
            .set("DOORWARD_TOKEN__SECRET_KEYS", SECRET_KEY);
        let pair = Pair {
            flask: flask.serve(&database, SECRET_KEY, &own).await?,
            server: doorward.serve().await?,
            doorward,
            findings: Mutex::new(findings),
            engine: engine.name(),
        };
        findings = pair.under_load(load).await?;
        println!("{}: done, {} broken", engine.name(), findings.broken());
    }
    Ok(findings)
}

struct Pair {
    flask: Server,
    server: Server,
    doorward: Doorward,
    findings: Mutex<Findings>,
    engine: &'static str,
}

struct Person {
    username: String,
    password: String,
}

impl Pair {
    async fn under_load(self, load: Duration) -> Result<Findings> {
        let pair = Arc::new(self);
        let until = Instant::now() + load;
        let mut workers = JoinSet::new();
        for worker in 0..WORKERS {
            let pair = pair.clone();
            workers.spawn(async move { pair.work(worker, until).await });
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
        let pair = Arc::into_inner(pair).context("a worker is still at it")?;
        pair.read_everything().await?;
        for server in [&pair.flask, &pair.server] {
            let printed = server.printed();
            let quiet = !printed.contains("Traceback") && !printed.contains("panicked at");
            pair.check(&format!("no crash in the log of {}", server.name), quiet, || last_of(&printed)).await;
        }
        Ok(pair.findings.into_inner())
    }

    async fn work(&self, worker: usize, until: Instant) -> Result<()> {
        let mut people: Vec<Person> = Vec::new();
        for serial in 0_i32.. {
            if Instant::now() >= until {
                break;
            }
            if people.is_empty() || rand::rng().random_range(0..4) == 0 {
                let username = format!("worker{worker}person{serial}");
                let person = Person { password: format!("password of {username}"), username };
                if serial % 2 == 0 {
                    self.register_at_flask(&person).await?;
                } else {
                    let made = self.doorward.create_user(&person.username, &person.password).await;
                    self.check("Doorward makes a user", made.is_ok(), || format!("{made:?}")).await;
                }
                people.push(person);
            }
            let Some(person) = people.choose_mut(&mut rand::rng()) else { continue };
            let change = rand::rng().random_range(0..4);
            match change {
                0 => self.change_password_at_flask(person, serial).await?,
                1 => self.change_password_at_doorward(person, serial).await?,
                _ => {}
            }
            self.both_know(person).await?;
        }
        Ok(())
    }

    async fn register_at_flask(&self, person: &Person) -> Result<()> {
        let body = json!({
            "username": person.username, "password": person.password, "email": address_of(&person.username),
        });
        let answer = ask(self.flask.address, &Request::json("POST", "/register", &[], &body)).await?;
        self.check("Flask registers a user", answer.code() == 200, || answer.in_short()).await;
        Ok(())
    }

    /// Either signs the person in, either takes the token of either, and Flask's ORM reads the row.
    async fn both_know(&self, person: &Person) -> Result<()> {
        let mut flask_token_ended = false;
        for (issuer, server) in [("Flask", &self.flask), ("Doorward", &self.server)] {
            let answer = ask(server.address, &login_request(&person.username, &person.password)).await?;
            let tokens = Tokens::read(&answer);
            self.check(&format!("{issuer} signs in"), tokens.is_some(), || self.about(person, &answer)).await;
            let Some(tokens) = tokens else { continue };
            let at_flask = ask(self.flask.address, &guarded_request("/my_info", &tokens.access)).await?;
            self.check(&format!("Flask takes a token of {issuer}'s"), at_flask.code() == 200, || {
                self.about(person, &at_flask)
            })
            .await;
            let at_doorward = ask(self.server.address, &guarded_request("/me", &tokens.access)).await?;
            self.check(&format!("Doorward takes a token of {issuer}'s"), at_doorward.code() == 200, || {
                self.about(person, &at_doorward)
            })
            .await;
            let leaves = rand::rng().random_range(0..3) == 0;
            if leaves {
                self.log_out(person, &tokens, issuer).await?;
            }
            flask_token_ended |= leaves && issuer == "Flask";
        }
        if flask_token_ended {
            tokio::time::sleep(PAST_THE_SECOND).await;
        }
        let row = ask(self.flask.address, &Request::new("GET", &format!("/user/{}", person.username), &[])).await?;
        let same = row.json()["data"]["email"] == address_of(&person.username);
        self.check("Flask reads the row", row.code() == 200 && same, || self.about(person, &row)).await;
        Ok(())
    }

    async fn log_out(&self, person: &Person, tokens: &Tokens, issuer: &str) -> Result<()> {
        let answer = ask(self.server.address, &guarded_request("/logout", &tokens.access)).await?;
        let what = format!("Doorward ends a token of {issuer}'s");
        self.check(&what, answer.code() == 200, || self.about(person, &answer)).await;
        let after = ask(self.server.address, &guarded_request("/me", &tokens.access)).await?;
        self.check(&format!("{what} for good"), after.code() == 401, || self.about(person, &after)).await;
        Ok(())
    }

    async fn change_password_at_flask(&self, person: &mut Person, serial: i32) -> Result<()> {
        let answer = ask(self.flask.address, &login_request(&person.username, &person.password)).await?;
        let Some(tokens) = Tokens::read(&answer) else {
            self.check("Flask signs in", false, || self.about(person, &answer)).await;
            return Ok(());
        };
        let new = format!("changed at Flask {serial}");
        let token = [("token", tokens.access.as_str())];
        let request = Request::json("POST", "/change_password", &token, &json!({ "password": new }));
        let answer = ask(self.flask.address, &request).await?;
        self.check("Flask changes a password", answer.code() == 200, || self.about(person, &answer)).await;
        self.old_is_refused(person, new).await
    }

    async fn change_password_at_doorward(&self, person: &mut Person, serial: i32) -> Result<()> {
        let new = format!("changed at Doorward {serial}");
        let set = self.doorward.set_password(&person.username, &new).await;
        self.check("Doorward changes a password", set.is_ok(), || format!("{set:?}")).await;
        self.old_is_refused(person, new).await?;
        let answer = ask(self.server.address, &login_request(&person.username, &person.password)).await?;
        let access = Tokens::read(&answer).map(|tokens| tokens.access).unwrap_or_default();
        let at_once = ask(self.server.address, &guarded_request("/me", &access)).await?;
        self.check("Doorward takes its token of the second of a change of password", at_once.code() == 200, || {
            self.about(person, &at_once)
        })
        .await;
        tokio::time::sleep(PAST_THE_SECOND).await;
        Ok(())
    }

    async fn old_is_refused(&self, person: &mut Person, new: String) -> Result<()> {
        let old = std::mem::replace(&mut person.password, new);
        for (name, server) in [("Flask", &self.flask), ("Doorward", &self.server)] {
            let answer = ask(server.address, &login_request(&person.username, &old)).await?;
            self.check(&format!("{name} refuses the old password"), answer.code() == 401, || {
                self.about(person, &answer)
            })
            .await;
        }
        Ok(())
    }

    /// Every row through Flask's ORM, and what is Flask-Migrate's as it was.
    async fn read_everything(&self) -> Result<()> {
        let answer = ask(self.flask.address, &Request::new("GET", "/everyone", &[])).await?;
        let body = answer.json();
        let read = body["data"].as_array().map(Vec::len).ok_or_else(|| anyhow!("no rows: {}", answer.in_short()))?;
        let stored = number(self.doorward.database(), "SELECT count(*) FROM users").await?;
        self.check("Flask reads every row", i64::try_from(read)? == stored, || format!("{read} of {stored}")).await;
        for column in ["member_since", "last_seen"] {
            let strange = body["data"].as_array().into_iter().flatten().find(|row| !is_recent(&row[column]));
            let what = format!("Flask reads every {column} as a moment of this hour");
            self.check(&what, strange.is_none(), || format!("{strange:?}")).await;
            if self.engine == "SQLite" {
                let query = format!("SELECT count(*) FROM users WHERE {column} NOT LIKE '____-__-__ __:__:__.______'");
                let other = number(self.doorward.database(), &query).await?;
                let what = format!("every {column} is written with six digits");
                self.check(&what, other == 0, || format!("{other} are not")).await;
            }
        }
        let query = "SELECT count(*) FROM alembic_version WHERE version_num = '77987c16214f'";
        let kept = number(self.doorward.database(), query).await?;
        self.check("alembic_version is as it was", kept == 1, || format!("{kept} rows")).await;
        let unreadable = "SELECT count(*) FROM users WHERE password_hash NOT LIKE 'pbkdf2:sha256:%'";
        let lost = number(self.doorward.database(), unreadable).await?;
        self.check("every hash can be read by Flask", lost == 0, || format!("{lost} can't")).await;
        self.findings.lock().await.add(&format!("{}: users", self.engine), u64::try_from(stored)?);
        Ok(())
    }

    fn about(&self, person: &Person, answer: &Answer) -> String {
        format!("{} ({}): {}", person.username, self.engine, answer.in_short())
    }

    async fn check(&self, what: &str, holds: bool, otherwise: impl FnOnce() -> String) {
        self.findings.lock().await.check(&format!("{}: {what}", self.engine), holds, otherwise);
    }
}

/// Within an hour of now, UTC: a time written in another zone or form is read as another.
fn is_recent(time: &Value) -> bool {
    let parsed = time.as_str().and_then(|text| text.parse::<chrono::NaiveDateTime>().ok());
    parsed.is_some_and(|time| (chrono::Utc::now().naive_utc() - time).abs() < chrono::TimeDelta::hours(1))
}

fn last_of(printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
