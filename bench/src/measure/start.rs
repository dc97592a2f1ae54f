//! From starting the process to its first answer, on an existing database.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::logins::populated;
use super::{Rig, spread, temporary_folder};
use crate::report::{Goal, Report, Row, short};
use crate::server::free_address;
use crate::statistics::quantile;

const USERS: u64 = 1000;
const REPEATS: usize = 40;

/// The measurement.
pub(crate) async fn run(rig: &Rig) -> Result<Report> {
    let folder = temporary_folder()?;
    let doorward = rig.on_sqlite("start", folder.path())?;
    populated(&doorward, USERS).await?.stop().await?;

    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let address = free_address()?;
        let started = Instant::now();
        let mut server = doorward.spawn(address)?;
        server.answers("/healthz", Duration::from_secs(10)).await?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        server.stop().await?;
    }
    let judged = spread(&times)?;
    let mut sorted = times.clone();
    sorted.sort_by(f64::total_cmp);
    let slowest_tenth = quantile(&sorted, 0.9).unwrap_or_default();
    println!("start: {:.1} ms, nine of ten under {slowest_tenth:.1} ms", judged.median);
    let row = Row {
        what: "start to first answer".to_owned(),
        measured: format!("{} ms (p90 {} ms)", short(judged.median), short(slowest_tenth)),
        against: "—".to_owned(),
        judged,
        unit: " ms".to_owned(),
        goal: Goal::AtMost(50.0),
    };
    let how = format!(
        "from `exec` to a 200 of `/healthz` on an SQLite database of {USERS} users, asked every millisecond; {REPEATS} starts"
    );
    Ok(Report::new("start", 6, &how, vec![row], json!({ "ms": times })))
}
