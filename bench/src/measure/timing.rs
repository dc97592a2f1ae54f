//! Whether the time of a failed login gives away that the user exists, or how old the stored hash is.

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
use crate::http_client::Connection;
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

    let mut order: Vec<usize> = (0..KINDS.len()).flat_map(|kind| std::iter::repeat_n(kind, samples)).collect();
    order.shuffle(&mut rand::rng());
    let total = order.len();
    let order = Arc::new(Mutex::new(order));
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let order = order.clone();
        let address = server.address;
        tasks.spawn(async move {
            let mut connection = Connection::new(address);
            let mut times = Vec::new();
            loop {
                let (next, left) = {
                    let mut order = order.lock().await;
                    (order.pop(), order.len())
                };
                let Some(kind) = next else { break };
                if left % 400 == 0 {
                    println!("timing: {left} of {total} left");
                }
                let request = login_request(&name(kind), "a wrong password");
                let sent = Instant::now();
                let answer = connection.send(&request).await?;
                let milliseconds = sent.elapsed().as_secs_f64() * 1000.0;
                ensure!(answer.code() == 401, "a wrong password gave {}", answer.in_short());
                times.push((kind, milliseconds));
            }
            Ok(times)
        });
    }
    let mut times = vec![Vec::new(); KINDS.len()];
    while let Some(done) = tasks.join_next().await {
        for (kind, milliseconds) in done?? {
            times[kind].push(milliseconds);
        }
    }
    report(&times, samples, clients)
}

fn name(kind: usize) -> String {
    let mut rng = rand::rng();
    let offset = match kind {
        0 => return username(rng.random_range(1_000_000..9_000_000)),
        known => (known as u64 - 1) * USERS,
    };
    username(offset + rng.random_range(1..=USERS))
}

fn report(times: &[Vec<f64>], samples: usize, clients: usize) -> Result<Report> {
    let median = |kind: usize| -> Result<f64> {
        let mut sorted = times[kind].clone();
        sorted.sort_by(f64::total_cmp);
        quantile(&sorted, 0.5).context("no samples: --samples must be at least 1")
    };
    let mut rows = Vec::new();
    for kind in 1..KINDS.len() {
        let accuracy = best_threshold_accuracy(&times[0], &times[kind]) * 100.0;
        println!("timing: {} told from unknown with {accuracy:.1} %", KINDS[kind]);
        rows.push(Row {
            what: format!("wrong password, {}: told from an unknown name by its time", KINDS[kind]),
            measured: format!("{} ms", short(median(kind)?)),
            against: format!("unknown {} ms", short(median(0)?)),
            judged: Spread { low: accuracy, median: accuracy, high: accuracy },
            unit: " %".to_owned(),
            goal: Goal::AtMost(55.0),
        });
    }
    let how = format!(
        "{samples} failed logins of each kind, shuffled, {clients} at once; the best rule \"slower (or faster) than t\" found \
         afterwards, right in so many of a hundred cases (50 is guessing; finding the rule in the samples themselves adds 1 to 2)"
    );
    Ok(Report::new("timing", 9, &how, rows, json!({ "kinds": KINDS, "ms": times })))
}
