//! PostgreSQL killed, restarted and frozen under two replicas with guarded load and logins.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use super::Findings;
use crate::http_client::{Answer, Connection};
use crate::load::{Load, Outcome, status};
use crate::measure::{Rig, temporary_folder};
use crate::server::Server;
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD, Doorward};
use crate::server::postgres::Postgres;
use crate::statistics::milliseconds;
use crate::wire::{Tokens, guarded_request, login, login_request};

const CALM: Duration = Duration::from_secs(4);
const AWAY: Duration = Duration::from_secs(5);
const GUARDED_RATE: u32 = 200;
const LOGGING_IN: usize = 3;
const BETWEEN_LOGINS: Duration = Duration::from_millis(50);
/// Far below the time that PostgreSQL is away, far above what two busy cores do to a request.
const SLOWEST_GUARDED_MS: f64 = 1000.0;
const RECOVERY_GOAL: f64 = 2.0;
const LONGEST_RECOVERY: Duration = Duration::from_mins(1);

/// Killed once, frozen once for `frozen`.
pub(crate) async fn run(rig: &Rig, frozen: Duration) -> Result<Findings> {
    let mut findings = Findings::new("postgres-restart");
    let folder = temporary_folder()?;
    let mut postgres = Postgres::start().await?;
    let database = postgres.create_database("restarted").await?;
    let doorward = |name: &str| -> Result<Doorward> {
        let doorward = Doorward::new(name, &rig.doorward, folder.path(), &database)?.with_cheap_hashes();
        let doorward = doorward.set("DOORWARD_SESSION__MAX_PER_USER", "100000");
        match &rig.embedded {
            Some(command_line) => doorward.embedded_in(command_line),
            None => Ok(doorward),
        }
    };
    let path = if rig.embedded.is_some() { "/my_info" } else { "/me" };
    let replicas = [doorward("replica-a")?.serve().await?, doorward("replica-b")?.serve().await?];

    let over = Arc::new(AtomicBool::new(false));
    let mut guards = JoinSet::new();
    let mut writers = JoinSet::new();
    for replica in &replicas {
        guards.spawn(guarded_until_over(replica.address, path, over.clone()));
        for _ in 0..LOGGING_IN {
            writers.spawn(sign_in_until_over(replica.address, over.clone()));
        }
    }
    tokio::time::sleep(CALM).await;
    println!("PostgreSQL is killed");
    postgres.kill()?;
    tokio::time::sleep(AWAY).await;
    postgres.start_again().await?;
    println!("PostgreSQL is back");
    recovered("killed and restarted", &replicas, &mut findings).await?;
    tokio::time::sleep(CALM).await;
    println!("PostgreSQL is frozen for {frozen:?}");
    postgres.freeze()?;
    tokio::time::sleep(frozen).await;
    postgres.thaw()?;
    println!("PostgreSQL goes on");
    recovered("frozen", &replicas, &mut findings).await?;
    tokio::time::sleep(CALM).await;
    over.store(true, Ordering::Relaxed);

    while let Some(outcome) = guards.join_next().await {
        let outcome = outcome??;
        findings.add("guarded requests answered", outcome.completed);
        let slowest = milliseconds(&outcome.latency, 1.0);
        findings.at_most("guarded request, slowest, ms", slowest);
        findings.check("guarded requests did not wait for PostgreSQL", slowest < SLOWEST_GUARDED_MS, || {
            format!("one took {slowest:.0} ms")
        });
        findings.at_most("guarded request, p99, ms", milliseconds(&outcome.latency, 0.99));
        findings.check("guarded requests went on", outcome.refused == 0, || {
            format!("{} refused, as {}", outcome.refused, outcome.example.unwrap_or_default())
        });
    }
    let mut promised = Promised::default();
    while let Some(written) = writers.join_next().await {
        promised.add(written?);
    }
    promised.judge(&mut findings);
    for replica in &replicas {
        promised.hold_at(replica.address, &mut findings).await?;
        let printed = replica.printed();
        findings
            .check("no panic in the log", !printed.contains("panicked at"), || format!("in that of {}", replica.name));
    }
    for replica in replicas {
        let ended = replica.stop().await?;
        findings.check("a replica stops by SIGTERM", ended.success(), || ended.to_string());
    }
    Ok(findings)
}

/// Waits until both replicas sign someone in again.
async fn recovered(after: &str, replicas: &[Server], findings: &mut Findings) -> Result<()> {
    let since = Instant::now();
    for replica in replicas {
        while login(replica.address, ADMIN, ADMIN_PASSWORD).await.is_err() {
            ensure!(since.elapsed() < LONGEST_RECOVERY, "{} signs nobody in {LONGEST_RECOVERY:?} after", replica.name);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let seconds = since.elapsed().as_secs_f64();
    println!("both replicas sign in again after {seconds:.2} s");
    findings.at_most(&format!("recovery, PostgreSQL {after}, s"), seconds);
    findings.check("recovery within 2 s", seconds <= RECOVERY_GOAL, || format!("{seconds:.2} s after it was {after}"));
    Ok(())
}

async fn guarded_until_over(address: SocketAddr, path: &'static str, over: Arc<AtomicBool>) -> Result<Outcome> {
    let access = login(address, ADMIN, ADMIN_PASSWORD).await?.access;
    let load = Load { address, requests: Arc::new(vec![guarded_request(path, &access)]), check: status(200) };
    let mut total: Option<Outcome> = None;
    while !over.load(Ordering::Relaxed) {
        let outcome = load.paced(4, GUARDED_RATE, Duration::from_secs(1)).await?;
        match &mut total {
            Some(total) => total.add(outcome)?,
            None => total = Some(outcome),
        }
    }
    total.context("it was over before it began")
}

/// What one or more writers were told.
#[derive(Default)]
struct Promised {
    live: Vec<Tokens>,
    ended: Vec<Tokens>,
    put_off: u64,
    wrong: Vec<String>,
}

async fn sign_in_until_over(address: SocketAddr, over: Arc<AtomicBool>) -> Promised {
    let mut promised = Promised::default();
    let mut connection = Connection::new(address);
    let mut kept = false;
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(BETWEEN_LOGINS).await;
        let Some(answer) = promised.sent(connection.send(&login_request(ADMIN, ADMIN_PASSWORD)).await) else {
            continue;
        };
        let Some(tokens) = Tokens::read(&answer) else { continue };
        kept = !kept;
        if kept {
            promised.live.push(tokens);
            continue;
        }
        // Every other session is ended again; without an answer its fate is open.
        let logout = connection.send(&guarded_request("/logout", &tokens.access)).await;
        if promised.sent(logout).is_some() {
            promised.ended.push(tokens);
        }
    }
    promised
}

impl Promised {
    /// Notes what an answer should not have been; gives the answer back if it was a success.
    fn sent(&mut self, answer: std::io::Result<Answer>) -> Option<Answer> {
        match answer {
            Ok(answer) if answer.code() == 200 => return Some(answer),
            Ok(answer) if answer.status == 503 && answer.header("retry-after").is_some() => self.put_off += 1,
            Ok(answer) => self.wrong.push(answer.in_short()),
            Err(error) => self.wrong.push(format!("no answer: {error}")),
        }
        None
    }

    fn add(&mut self, other: Self) {
        self.live.extend(other.live);
        self.ended.extend(other.ended);
        self.put_off += other.put_off;
        self.wrong.extend(other.wrong);
    }

    fn judge(&self, findings: &mut Findings) {
        findings.add("logins acknowledged and kept", self.live.len() as u64);
        findings.add("logouts acknowledged", self.ended.len() as u64);
        findings.add("put off by 503 with Retry-After", self.put_off);
        for wrong in &self.wrong {
            findings.check("200, or 503 with Retry-After", false, || wrong.clone());
        }
        findings.check("some logins were put off", self.put_off > 0, || "PostgreSQL was never missed".to_owned());
    }

    async fn hold_at(&self, address: SocketAddr, findings: &mut Findings) -> Result<()> {
        let mut connection = Connection::new(address);
        for tokens in &self.live {
            let answer = connection.send(&guarded_request("/me", &tokens.access)).await?;
            findings.check("an acknowledged login is good", answer.code() == 200, || answer.in_short());
        }
        for tokens in &self.ended {
            let answer = connection.send(&guarded_request("/me", &tokens.access)).await?;
            findings.check("an acknowledged logout holds", answer.code() == 401, || answer.in_short());
        }
        Ok(())
    }
}
