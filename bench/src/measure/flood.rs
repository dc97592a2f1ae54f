//! How long a guarded request takes while logins fill the hash pool and its queue.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use super::logins::{logins, populated};
use super::{Rig, spread, temporary_folder};
use crate::load::{Check, Load, Outcome, body, status};
use crate::report::{Goal, Report, Row, short};
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD};
use crate::statistics::milliseconds;
use crate::wire;

const FLOODING: usize = 64;
const USERS: u64 = 256;
const PROBES: usize = 8;
const RATE: u32 = 800;

/// The measurement.
pub(crate) async fn run(rig: &Rig) -> Result<Report> {
    let folder = temporary_folder()?;
    let (doorward, path) = rig.guarding("flood", folder.path())?;
    let server = populated(&doorward, USERS).await?;
    let tokens = wire::login(server.address, ADMIN, ADMIN_PASSWORD).await?;
    let answer = wire::guarded(server.address, path, &tokens.access).await?;
    let probe = Load {
        address: server.address,
        requests: Arc::new(vec![wire::guarded_request(path, &tokens.access)]),
        check: if rig.embedded.is_some() { body(answer.body) } else { status(200) },
    };
    // Past the queue a login is told to come back: that is the flood's right answer too.
    let served_or_put_off: Check = Arc::new(|answer| matches!(answer.status, 200 | 503));
    let flood = Load { address: server.address, requests: Arc::new(logins(USERS)), check: served_or_put_off };
    let duration = rig.turn.max(Duration::from_secs(5));

    let (mut idle, mut flooded) = (Vec::new(), Vec::new());
    for index in 1..=rig.turns {
        let quiet = probed(probe.clone(), duration).await?.all_right("guarded requests, idle")?;
        let logins = tokio::spawn({
            let flood = flood.clone();
            async move { flood.closed_loop(FLOODING, duration + Duration::from_secs(1)).await }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        let busy = probed(probe.clone(), duration).await?.all_right("guarded requests under a flood of logins")?;
        let logins = logins.await??.all_right("logins of the flood")?;
        let (calm, loaded) = (milliseconds(&quiet.latency, 0.99), milliseconds(&busy.latency, 0.99));
        println!(
            "turn {index} of {}: p99 idle {calm:.2} ms, flooded {loaded:.2} ms ({:.0} logins/s)",
            rig.turns,
            logins.rate()
        );
        idle.push(calm);
        flooded.push(loaded);
    }
    let ratios: Vec<f64> = flooded.iter().zip(&idle).map(|(busy, calm)| busy / calm).collect();
    let row = Row {
        what: format!("p99 of `GET {path}` under {FLOODING} logging in"),
        measured: format!("{} ms", short(spread(&flooded)?.median)),
        against: format!("idle {} ms", short(spread(&idle)?.median)),
        judged: spread(&ratios)?,
        unit: "×".to_owned(),
        goal: Goal::AtMost(2.0),
    };
    let how = format!(
        "{RATE} guarded requests a second over {PROBES} connections, idle and while {FLOODING} connections log in as fast \
         as they are answered; the asking thread runs at a raised priority, so that its own waiting for a core counts little"
    );
    Ok(Report::new("flood", 3, &how, vec![row], json!({ "idle_p99_ms": idle, "flooded_p99_ms": flooded })))
}

/// The probe runs in a thread of its own: the flood's clients share no queue with it.
async fn probed(load: Load, duration: Duration) -> Result<Outcome> {
    let (send, receive) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Without the right to it the figures are only a little worse.
        let _ = rustix::process::setpriority_process(None, -10);
        let outcome = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(anyhow::Error::from)
            .and_then(|runtime| runtime.block_on(load.paced(PROBES, RATE, duration)));
        // The receiver only goes when the measurement was broken off.
        let _ = send.send(outcome);
    });
    receive.await.map_err(|_| anyhow!("the asking thread ended early"))?.context("asking guarded requests")
}
