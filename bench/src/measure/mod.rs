//! One measurement a file; each gives a report with its rows of the table.

pub(crate) mod feed;
pub(crate) mod flask;
pub(crate) mod flask_guard;
pub(crate) mod flood;
pub(crate) mod forward_auth;
pub(crate) mod guarded;
pub(crate) mod guarded_service;
pub(crate) mod logins;
pub(crate) mod memory;
pub(crate) mod recovery_timing;
pub(crate) mod revocation;
pub(crate) mod scale;
pub(crate) mod start;
pub(crate) mod timing;
pub(crate) mod transfer;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;
use tempfile::TempDir;

use crate::load::Load;
use crate::process;
use crate::server::Server;
use crate::server::doorward::Doorward;
use crate::statistics::Spread;

/// What every measurement is told.
#[derive(Debug, Clone)]
pub(crate) struct Rig {
    /// The built binary.
    pub doorward: std::path::PathBuf,
    /// The command line of an application with Doorward inside it and a guarded `/my_info`.
    pub embedded: Option<String>,
    /// How often each side has its turn.
    pub turns: usize,
    /// How long a turn lasts.
    pub turn: Duration,
}

impl Rig {
    /// A Doorward on a new SQLite file in `folder`.
    pub(crate) fn on_sqlite(&self, name: &str, folder: &Path) -> Result<Doorward> {
        let own = folder.join(name);
        std::fs::create_dir_all(&own)?;
        let database = format!("sqlite://{}", own.join("doorward.db").display());
        Doorward::new(name, &self.doorward, &own, &database)
    }

    /// The same, inside the embedding application where there is one, with the guarded path to ask.
    pub(crate) fn guarding(&self, name: &str, folder: &Path) -> Result<(Doorward, &'static str)> {
        let doorward = self.on_sqlite(name, folder)?;
        match &self.embedded {
            Some(command_line) => Ok((doorward.embedded_in(command_line)?, "/my_info")),
            None => Ok((doorward, "/me")),
        }
    }

    /// The embedding application without its guard, where there is one.
    pub(crate) fn embedded_bare(&self, name: &str, folder: &Path) -> Result<Option<Doorward>> {
        let Some(command_line) = &self.embedded else { return Ok(None) };
        Ok(Some(self.on_sqlite(name, folder)?.embedded_in(&format!("{command_line} --bare"))?))
    }
}

/// A folder that goes away.
pub(crate) fn temporary_folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("doorward-bench-").tempdir()?)
}

/// One turn of one side.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Turn {
    /// CPU of the server for one request, in µs.
    pub cpu_micros: f64,
    /// Requests a second.
    pub rate: f64,
    /// In ms.
    pub p50: f64,
    /// In ms.
    pub p99: f64,
}

/// Loads a server for one turn; every answer must be right.
pub(crate) async fn turn(server: &Server, load: &Load, connections: usize, duration: Duration) -> Result<Turn> {
    let before = process::cpu_seconds(server.pid())?;
    let outcome = load.closed_loop(connections, duration).await?.all_right(&server.name)?;
    let used = process::cpu_seconds(server.pid())? - before;
    #[allow(clippy::cast_precision_loss)] // A count of requests.
    let completed = outcome.completed as f64;
    Ok(Turn {
        cpu_micros: used * 1e6 / completed,
        rate: outcome.rate(),
        p50: crate::statistics::milliseconds(&outcome.latency, 0.5),
        p99: crate::statistics::milliseconds(&outcome.latency, 0.99),
    })
}

/// The turns of two sides, A B A B …
#[derive(Debug, Serialize)]
pub(crate) struct Pairs {
    /// Doorward's.
    pub ours: Vec<Turn>,
    /// The other's.
    pub theirs: Vec<Turn>,
}

impl Pairs {
    /// Warms both up, then gives them their turns.
    pub(crate) async fn measure(
        rig: &Rig,
        ours: (&Server, &Load),
        theirs: (&Server, &Load),
        connections: usize,
    ) -> Result<Self> {
        let mut pairs = Self { ours: Vec::new(), theirs: Vec::new() };
        let warm_up = rig.turn.min(Duration::from_secs(2));
        turn(theirs.0, theirs.1, connections, warm_up).await?;
        turn(ours.0, ours.1, connections, warm_up).await?;
        for index in 1..=rig.turns {
            let other = turn(theirs.0, theirs.1, connections, rig.turn).await?;
            let own = turn(ours.0, ours.1, connections, rig.turn).await?;
            println!(
                "turn {index} of {}: {} {:.1} µs, {:.0}/s; {} {:.1} µs, {:.0}/s",
                rig.turns, theirs.0.name, other.cpu_micros, other.rate, ours.0.name, own.cpu_micros, own.rate
            );
            pairs.theirs.push(other);
            pairs.ours.push(own);
        }
        Ok(pairs)
    }

    /// Ours divided by theirs, pair by pair.
    pub(crate) fn ratio(&self, of: impl Fn(&Turn) -> f64) -> Result<Spread> {
        let ratios: Vec<f64> = self.ours.iter().zip(&self.theirs).map(|(own, other)| of(own) / of(other)).collect();
        spread(&ratios)
    }
}

/// The spread of one quantity over turns.
pub(crate) fn over(turns: &[Turn], of: impl Fn(&Turn) -> f64) -> Result<Spread> {
    spread(&turns.iter().map(of).collect::<Vec<f64>>())
}

/// No turns at all are an error.
pub(crate) fn spread(samples: &[f64]) -> Result<Spread> {
    Spread::of(samples).context("nothing was measured: --turns must be at least 1")
}
