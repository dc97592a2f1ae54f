//! Logins a second against the bare `argon2` crate on all cores.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde_json::json;

use super::{Rig, spread, temporary_folder, turn};
use crate::load::{Load, signed_in};
use crate::population::{self, TEMPLATE};
use crate::report::{Goal, Report, Row, cores, short};
use crate::wire;

const CLIENTS: usize = 64;
const USERS: u64 = 256;
/// Of every copied user.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// Doorward's defaults.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The measurement.
pub(crate) async fn run(rig: &Rig) -> Result<Report> {
    let folder = temporary_folder()?;
    let doorward = rig.on_sqlite("logins", folder.path())?;
    let server = populated(&doorward, USERS).await?;
    let load = Load { address: server.address, requests: Arc::new(logins(USERS)), check: signed_in() };
    // A hash takes tens of milliseconds: a short turn would count its edges.
    let duration = rig.turn.max(Duration::from_secs(5));
    turn(&server, &load, CLIENTS, Duration::from_secs(2)).await?;

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for index in 1..=rig.turns {
        let alone = tokio::task::spawn_blocking(move || bare_hashes(cores(), duration)).await??;
        let own = turn(&server, &load, CLIENTS, duration).await?;
        println!("turn {index} of {}: argon2 {alone:.1}/s; Doorward {:.1}/s", rig.turns, own.rate);
        bare.push(alone);
        ours.push(own);
    }
    let rates: Vec<f64> = ours.iter().map(|turn| turn.rate).collect();
    let ratios: Vec<f64> = rates.iter().zip(&bare).map(|(own, alone)| own / alone).collect();
    let p99 = super::over(&ours, |turn| turn.p99)?;
    let row = Row {
        what: format!("logins, {CLIENTS} clients, Argon2id 19 MiB 2 passes"),
        measured: format!("{}/s (p99 {:.0} ms)", short(spread(&rates)?.median), p99.median),
        against: format!("`argon2` on {} threads {}/s", cores(), short(spread(&bare)?.median)),
        judged: spread(&ratios)?,
        unit: "×".to_owned(),
        goal: Goal::AtLeast(0.95),
    };
    let how = format!(
        "`POST /login` of {USERS} users from {CLIENTS} connections against the `argon2` crate hashing with the same \
         parameters in one thread a core, each in memory of its own that it keeps"
    );
    Ok(Report::new("logins", 2, &how, vec![row], json!({ "ours": ours, "argon2_per_second": bare })))
}

/// Makes the template user and its copies, on a running server.
pub(crate) async fn populated(
    doorward: &crate::server::doorward::Doorward,
    users: u64,
) -> Result<crate::server::Server> {
    let server = doorward.serve().await?;
    doorward.create_user(TEMPLATE, PASSWORD).await?;
    population::fill(doorward.database(), users).await?;
    // A server that was there before its users knows nothing of the table's new size.
    server.stop().await?;
    let server = doorward.serve().await?;
    wire::login(server.address, &population::username(users), PASSWORD).await.context("a copied user can't sign in")?;
    Ok(server)
}

/// A login of each of the first `users` copies.
pub(crate) fn logins(users: u64) -> Vec<crate::http_client::Request> {
    (1..=users).map(|number| wire::login_request(&population::username(number), PASSWORD)).collect()
}

fn bare_hashes(threads: usize, duration: Duration) -> Result<f64> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|error| anyhow!("{error}"))?;
    let started = Instant::now();
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
            thread::spawn(move || {
                let mut hashes = 0_u32;
                let mut out = [0; 32];
                // Memory once for all, as a pool of threads has it.
                let mut memory = vec![Block::default(); argon2.params().block_count()];
                while started.elapsed() < duration {
                    let salt = b"sixteen bytes!!!";
                    argon2.hash_password_into_with_memory(PASSWORD.as_bytes(), salt, &mut out, &mut memory)?;
                    hashes += 1;
                }
                Ok::<u32, argon2::Error>(hashes)
            })
        })
        .collect();
    let mut total = 0;
    for worker in workers {
        let hashes = worker.join().map_err(|_| anyhow!("a hashing thread panicked"))?;
        total += hashes.map_err(|error| anyhow!("{error}"))?;
    }
    Ok(f64::from(total) / started.elapsed().as_secs_f64())
}
