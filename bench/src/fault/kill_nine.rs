//! `kill -9` at a random moment of mixed writes, again and again: what was acknowledged holds, nothing is half done, and
//! the next start needs no hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rand::RngExt;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::Findings;
use super::kept_promises::verify;
use super::ledger::{Ledger, Session};
use crate::command_line::On;
use crate::http_client::Connection;
use crate::measure::{Rig, temporary_folder};
use crate::server::doorward::Doorward;
use crate::server::postgres::{Engine, Postgres};
use crate::server::{Server, free_address};
use crate::wire::{Tokens, guarded_request, login_request, refresh_request};

const WRITERS: usize = 8;
/// Writers that use the command line; each of its commands is a process of its own.
const COMMANDS: usize = 2;
const FIRST_USERS: usize = 10;
const LONGEST_ROUND_MS: u64 = 1500;

/// `rounds` on each engine.
pub(crate) async fn run(rig: &Rig, rounds: u32, on: On) -> Result<Findings> {
    let mut findings = Findings::new("kill-nine");
    let folder = temporary_folder()?;
    let postgres = if on.postgres() { Some(Postgres::start().await?) } else { None };
    let sqlite = on.sqlite().then(|| Engine::Sqlite(folder.path()));
    for engine in [sqlite, postgres.as_ref().map(Engine::Postgres)].into_iter().flatten() {
        let own = folder.path().join(engine.name());
        std::fs::create_dir_all(&own)?;
        let database = engine.database("killed").await?;
        let doorward = Doorward::new("killed", &rig.doorward, &own, &database)?
            .with_cheap_hashes()
            .set("DOORWARD_LOGIN__FAILURE_TIME_MS", "0")
            .set("DOORWARD_SESSION__MAX_PER_USER", "100000");
        rounds_on(&engine, &doorward, rounds, &mut findings).await?;
    }
    Ok(findings)
}

async fn rounds_on(engine: &Engine<'_>, doorward: &Doorward, rounds: u32, findings: &mut Findings) -> Result<()> {
    let address = free_address()?;
    let mut server = started(doorward, address, findings).await?;
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    for _ in 0..FIRST_USERS {
        let account = ledger.lock().await.new_account();
        doorward.create_user(&account.username, &account.password).await?;
        ledger.lock().await.residents.push(account);
    }
    for round in 1..=rounds {
        let counted = Arc::new(Mutex::new(Vec::new()));
        let mut writers = JoinSet::new();
        for index in 0..WRITERS {
            let writer = Writer {
                doorward: doorward.clone(),
                connection: Connection::new(address),
                ledger: ledger.clone(),
                counted: counted.clone(),
            };
            writers.spawn(writer.write(index < COMMANDS));
        }
        let moment = rand::rng().random_range(100..LONGEST_ROUND_MS);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        server.kill()?;
        // Commands under way are killed with their writers.
        writers.shutdown().await;
        for (what, broken) in counted.lock().await.drain(..) {
            findings.check(&format!("{}: {what}", engine.name()), broken.is_none(), || broken.unwrap_or_default());
        }
        server = started(doorward, address, findings).await?;
        verify(engine.name(), doorward, address, &mut *ledger.lock().await, findings).await?;
        if round % 10 == 0 {
            println!("{}: round {round} of {rounds}, {} broken", engine.name(), findings.broken());
        }
    }
    let printed = server.printed();
    findings.check("no panic in the log", !printed.contains("panicked at"), || format!("see {}", server.log.display()));
    Ok(())
}

async fn started(doorward: &Doorward, address: std::net::SocketAddr, findings: &mut Findings) -> Result<Server> {
    let since = Instant::now();
    let mut server = doorward.spawn(address)?;
    server.answers("/healthz", Duration::from_secs(20)).await.context("a start that needs a hand")?;
    findings.count("starts");
    findings.at_most("slowest start, s", since.elapsed().as_secs_f64());
    Ok(server)
}

/// A write by name, and what its answer said that it should not.
type Counted = (&'static str, Option<String>);

struct Writer {
    doorward: Doorward,
    connection: Connection,
    ledger: Arc<Mutex<Ledger>>,
    counted: Arc<Mutex<Vec<Counted>>>,
}

impl Writer {
    /// Until the server dies.
    async fn write(mut self, commands: bool) {
        loop {
            let kind = rand::rng().random_range(0..10);
            let alive = match (commands, kind) {
                (true, 0..7) => self.create_user().await,
                (true, _) => self.set_password().await,
                (false, 0..4) => self.log_in().await,
                (false, 4..8) => self.refresh().await,
                (false, _) => self.log_out().await,
            };
            if alive.is_none() {
                return;
            }
        }
    }

    async fn log_in(&mut self) -> Option<()> {
        let account = self.ledger.lock().await.resident()?;
        let answer = self.connection.send(&login_request(&account.username, &account.password)).await.ok()?;
        match Tokens::read(&answer) {
            Some(tokens) => {
                self.ledger.lock().await.live.push(Session::new(tokens));
                self.count("logins", None).await;
            }
            None => self.count("logins", Some(answer.in_short())).await,
        }
        Some(())
    }

    async fn refresh(&mut self) -> Option<()> {
        let Some(mut session) = self.ledger.lock().await.take_session() else { return Some(()) };
        let Some(refresh) = session.tokens.refresh.clone() else {
            self.count("logins with a refresh token", Some("none came".to_owned())).await;
            return Some(());
        };
        self.ledger.lock().await.begun_refreshes.push(session.clone());
        let answer = self.connection.send(&refresh_request(&refresh)).await.ok()?;
        let renewed = Tokens::read(&answer);
        let broken = renewed.is_none().then(|| answer.in_short());
        let mut ledger = self.ledger.lock().await;
        ledger.begun_refreshes.retain(|begun| *begun != session);
        if let Some(tokens) = renewed {
            session.renew(tokens);
            ledger.live.push(session);
        }
        drop(ledger);
        self.count("refreshes", broken).await;
        Some(())
    }

    async fn log_out(&mut self) -> Option<()> {
        let Some(session) = self.ledger.lock().await.take_session() else { return Some(()) };
        let answer = self.connection.send(&guarded_request("/logout", &session.tokens.access)).await.ok()?;
        let broken = (answer.code() != 200).then(|| answer.in_short());
        if broken.is_none() {
            self.ledger.lock().await.ended.push(session);
        }
        self.count("logouts", broken).await;
        Some(())
    }

    async fn create_user(&mut self) -> Option<()> {
        let account = {
            let mut ledger = self.ledger.lock().await;
            let account = ledger.new_account();
            ledger.begun_users.push(account.clone());
            account
        };
        let made = self.doorward.create_user(&account.username, &account.password).await;
        let broken = made.err().map(|error| format!("{error:#}"));
        if broken.is_none() {
            self.ledger.lock().await.finish_user(&account);
        }
        self.count("users made by command", broken).await;
        Some(())
    }

    async fn set_password(&mut self) -> Option<()> {
        let Some(changed) = self.ledger.lock().await.begin_password() else { return self.create_user().await };
        let set = self.doorward.set_password(&changed.username, &changed.password).await;
        let broken = set.err().map(|error| format!("{error:#}"));
        if broken.is_none() {
            self.ledger.lock().await.finish_password(&changed);
        }
        self.count("passwords set by command", broken).await;
        Some(())
    }

    async fn count(&self, what: &'static str, broken: Option<String>) {
        self.counted.lock().await.push((what, broken));
    }
}
