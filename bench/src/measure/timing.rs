//! Whether the time of a failed login gives away that the user exists, or how old the stored hash is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rand::RngExt;
use rand::seq::SliceRandom;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::logins::populated;
use super::{Rig, temporary_folder};
use crate::http_client::{Connection, Request};
use crate::population::{execute, username};
use crate::report::{Goal, Report, Row, short};
use crate::statistics::{Spread, best_threshold_accuracy, quantile};
use crate::wire::login_request;

/// Users of each kind, so that no sample meets what the one before left in a cache.
const USERS: u64 = 50;
/// Of the password that every copied user has, as Werkzeug writes it.
const SLOW: &str =
    "pbkdf2:sha256:600000$lWIUlCFssUfNZL9a$2ed57dc2fb5a8523659864285d14b3226376d5c654284a624512f12ca8fdcd4f";
const FAST: &str = "md5$6XvNYxPh$14f6a1e59a4d34cbce208b03269238ff";
const KINDS: [&str; 4] = ["unknown", "argon2id", "old slow (PBKDF2, 600,000 rounds)", "old fast (MD5)"];

/// The measurement: `samples` of each kind, by `clients` at once.
pub(crate) async fn run(rig: &Rig, samples: usize, clients: usize) -> Result<Report> {
    let folder = temporary_folder()?;
    let doorward = rig.on_sqlite("timing", folder.path())?;
    let server = populated(&doorward, 3 * USERS).await?;
    for (kind, hash) in [(1, SLOW), (2, FAST)] {
        for number in kind * USERS + 1..=(kind + 1) * USERS {
            let statement =
                format!("UPDATE users SET password_hash = '{hash}' WHERE username = '{}'", username(number));
            ensure!(execute(doorward.database(), &statement).await? == 1, "no user {}", username(number));
        }
    }

    let mut asked = Vec::new();
    for kind in 0..KINDS.len() {
        asked.extend((0..samples).map(|_| (kind, login_request(&name(kind), "a wrong password"))));
    }
    let times = sample(server.address, asked, KINDS.len(), clients, 401).await?;
    report(&times, samples, clients)
}

/// Sends the requests of all kinds in a random order, `clients` at once; how many milliseconds those of each kind took. Every
/// answer must have the envelope's code `expected`.
pub(super) async fn sample(
    address: SocketAddr,
    mut asked: Vec<(usize, Request)>,
    kinds: usize,
    clients: usize,
    expected: u64,
) -> Result<Vec<Vec<f64>>> {
    asked.shuffle(&mut rand::rng());
    let total = asked.len();
    let asked = Arc::new(Mutex::new(asked));
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let asked = asked.clone();
        tasks.spawn(async move {
            let mut connection = Connection::new(address);
            let mut times = Vec::new();
            loop {
                let (next, left) = {
                    let mut asked = asked.lock().await;
                    (asked.pop(), asked.len())
                };
                let Some((kind, request)) = next else { break };
                if left % 400 == 0 {
                    println!("timing: {left} of {total} left");
                }
                let sent = Instant::now();
                let answer = connection.send(&request).await?;
                let milliseconds = sent.elapsed().as_secs_f64() * 1000.0;
                ensure!(answer.code() == expected, "{expected} was expected: {}", answer.in_short());
                times.push((kind, milliseconds));
            }
            Ok(times)
        });
    }
    let mut times = vec![Vec::new(); kinds];
    while let Some(done) = tasks.join_next().await {
        for (kind, milliseconds) in done?? {
            times[kind].push(milliseconds);
        }
    }
    Ok(times)
}

fn name(kind: usize) -> String {
    let mut rng = rand::rng();
    let offset = match kind {
        0 => return username(rng.random_range(1_000_000..9_000_000)),
        known => (known as u64 - 1) * USERS,
    };
    username(offset + rng.random_range(1..=USERS))
}

/// How well the best rule tells the two apart.
pub(super) fn told_apart(what: String, known: &[f64], unknown: &[f64]) -> Result<Row> {
    let median = |times: &[f64]| -> Result<f64> {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        quantile(&sorted, 0.5).context("no samples: --samples must be at least 1")
    };
    let accuracy = best_threshold_accuracy(unknown, known) * 100.0;
    println!("timing: {what}: {accuracy:.1} %");
    Ok(Row {
        what,
        measured: format!("{} ms", short(median(known)?)),
        against: format!("unknown {} ms", short(median(unknown)?)),
        judged: Spread { low: accuracy, median: accuracy, high: accuracy },
        unit: " %".to_owned(),
        goal: Goal::AtMost(55.0),
    })
}

fn report(times: &[Vec<f64>], samples: usize, clients: usize) -> Result<Report> {
    let mut rows = Vec::new();
    for kind in 1..KINDS.len() {
        let what = format!("wrong password, {}: told from an unknown name by its time", KINDS[kind]);
        rows.push(told_apart(what, &times[kind], &times[0])?);
    }
    let how = format!(
        "{samples} failed logins of each kind, shuffled, {clients} at once; the best rule \"slower (or faster) than t\" found \
         afterwards, right in so many of a hundred cases (50 is guessing; finding the rule in the samples themselves adds 1 to 2)"
    );
    Ok(Report::new("timing", 9, &how, rows, json!({ "kinds": KINDS, "ms": times })))
}
