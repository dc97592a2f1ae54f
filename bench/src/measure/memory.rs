//! Resident memory: idle, and at its peak under 64 concurrent logins.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::logins::{logins, populated};
use super::{Rig, spread, temporary_folder};
use crate::load::{Load, signed_in};
use crate::process;
use crate::report::{Goal, Report, Row, cores, short};

const CLIENTS: usize = 64;
const USERS: u64 = 256;
const REPEATS: usize = 5;
const MB: f64 = 1e6;
const MIB: f64 = 1024.0 * 1024.0;

/// The measurement.
pub(crate) async fn run(rig: &Rig) -> Result<Report> {
    let folder = temporary_folder()?;
    let doorward = rig.on_sqlite("memory", folder.path())?;
    populated(&doorward, USERS).await?.stop().await?;

    let (mut idle, mut peak) = (Vec::new(), Vec::new());
    for index in 1..=REPEATS {
        let server = doorward.serve().await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let resident = megabytes(process::memory(server.pid())?.resident);
        let load = Load { address: server.address, requests: Arc::new(logins(USERS)), check: signed_in() };
        load.closed_loop(CLIENTS, rig.turn.max(Duration::from_secs(5))).await?.all_right("logins")?;
        let most = megabytes(process::memory(server.pid())?.peak);
        server.stop().await?;
        println!("start {index} of {REPEATS}: idle {resident:.1} MB, under {CLIENTS} logins {most:.1} MB");
        idle.push(resident);
        peak.push(most);
    }
    #[allow(clippy::cast_precision_loss)] // A handful of cores.
    let allowed = 19.0 * MIB * cores() as f64 / MB + 10.0;
    let above: Vec<f64> = peak.iter().zip(&idle).map(|(most, resident)| most - resident).collect();
    let rows = vec![
        Row {
            what: "memory, idle, SQLite".to_owned(),
            measured: format!("{} MB", short(spread(&idle)?.median)),
            against: "—".to_owned(),
            judged: spread(&idle)?,
            unit: " MB".to_owned(),
            goal: Goal::AtMost(20.0),
        },
        Row {
            what: format!("memory under {CLIENTS} concurrent logins, above idle"),
            measured: format!("{} MB at the peak", short(spread(&peak)?.median)),
            against: format!("19 MiB × {} cores + 10 MB", cores()),
            judged: spread(&above)?,
            unit: " MB".to_owned(),
            goal: Goal::AtMost((allowed * 10.0).round() / 10.0),
        },
    ];
    let how = format!(
        "resident memory 3 s after the start, and its peak (`VmHWM`) after {CLIENTS} connections logged in; {REPEATS} starts"
    );
    Ok(Report::new("memory", 5, &how, rows, json!({ "idle_mb": idle, "peak_mb": peak })))
}

fn megabytes(bytes: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // Far below 2^52.
    let bytes = bytes as f64;
    bytes / MB
}
