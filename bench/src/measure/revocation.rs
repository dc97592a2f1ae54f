//! How long a token ended at one replica goes on being accepted by another on the same PostgreSQL.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::{Rig, spread, temporary_folder};
use crate::http_client::Connection;
use crate::report::{Goal, Report, Row, short};
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD, Doorward};
use crate::server::postgres::Postgres;
use crate::statistics::quantile;
use crate::wire::{guarded_request, login, logout};

const REPEATS: usize = 200;
const PATIENCE: Duration = Duration::from_secs(10);

/// The measurement.
pub(crate) async fn run(rig: &Rig, postgres: &Postgres) -> Result<Report> {
    let folder = temporary_folder()?;
    let database = postgres.create_database("revocation").await?;
    // One folder for both: they share the key that seals the signing keys.
    let doorward = Doorward::new("replica", &rig.doorward, folder.path(), &database)?.with_cheap_hashes();
    let replicas = [doorward.serve().await?, doorward.serve().await?];

    let mut lags = Vec::new();
    for index in 0..REPEATS {
        let (here, there) = (replicas[index % 2].address, replicas[(index + 1) % 2].address);
        let access = login(here, ADMIN, ADMIN_PASSWORD).await?.access;
        let request = guarded_request("/me", &access);
        let mut connection = Connection::new(there);
        let accepted = connection.send(&request).await?;
        ensure!(accepted.status == 200, "the other replica refused a fresh token: {}", accepted.in_short());
        logout(here, &access).await?;
        let ended = Instant::now();
        while connection.send(&request).await?.status == 200 {
            ensure!(ended.elapsed() < PATIENCE, "a token was accepted {PATIENCE:?} after its logout elsewhere");
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        lags.push(ended.elapsed().as_secs_f64() * 1000.0);
        if (index + 1) % 50 == 0 {
            println!("revocation: {} of {REPEATS}", index + 1);
        }
    }
    let mut sorted = lags.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |q: f64| quantile(&sorted, q).unwrap_or_default();
    println!("revocation: p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms", at(0.5), at(0.99), at(1.0));
    let middle = spread(&lags)?;
    let row = Row {
        what: "revocation seen by another replica, p99".to_owned(),
        measured: format!("p50 {} ms, at most {} ms", short(at(0.5)), short(at(1.0))),
        against: "—".to_owned(),
        judged: crate::statistics::Spread { median: at(0.99), ..middle },
        unit: " ms".to_owned(),
        goal: Goal::AtMost(1000.0),
    };
    let how = format!(
        "two replicas on one PostgreSQL; from the answer of a logout at one to the first refusal by the other, asked every \
         millisecond; {REPEATS} times, in both directions; the spread is that of all lags"
    );
    Ok(Report::new("revocation", 8, &how, vec![row], json!({ "ms": lags })))
}
