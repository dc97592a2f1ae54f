//! How soon guards in other services learn of a logout, and what it costs Doorward to tell 1, 10 and 100 of them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Rig, spread, temporary_folder};
use crate::http_client::{Connection, Request};
use crate::population::execute;
use crate::process;
use crate::report::{Goal, Report, Row, short};
use crate::server::Server;
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD};
use crate::statistics::{Spread, quantile};
use crate::wire::{login, logout};

const FOLLOWERS: [usize; 3] = [1, 10, 100];
const LOGOUTS: usize = 200;
/// Between two logouts, so that one is not told with the next.
const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);
/// Sessions ended before the snapshot is weighed.
const ENDED: u64 = 100_000;

/// When each session was heard of, by each follower: its id without the dashes.
type Heard = Arc<Mutex<HashMap<String, Vec<Instant>>>>;

/// The measurement.
pub(crate) async fn run(rig: &Rig) -> Result<Report> {
    let folder = temporary_folder()?;
    let doorward =
        rig.on_sqlite("feed", folder.path())?.with_cheap_hashes().set("DOORWARD_SESSION__MAX_PER_USER", "1000");
    let server = doorward.serve().await?;
    let made = doorward.run_well(&["service", "create", "followers", "--scope", "revocations"], "").await?;
    let said = String::from_utf8(made.stdout)?;
    let key = said.split_whitespace().find(|word| word.starts_with("dw_")).context("no key was printed")?.to_owned();

    let mut rows = Vec::new();
    let mut detail = serde_json::Map::new();
    let alone = with_followers(&server, &key, 0).await?;
    for followers in FOLLOWERS {
        let told = with_followers(&server, &key, followers).await?;
        let mut sorted = told.lags.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |q: f64| quantile(&sorted, q).unwrap_or_default();
        let more = (told.cpu_micros - alone.cpu_micros).max(0.0);
        #[allow(clippy::cast_precision_loss)] // A hundred at most.
        let each = more / followers as f64;
        rows.push(Row {
            what: format!("logout heard of by {followers} guards, p99"),
            measured: format!(
                "p50 {} ms, at most {} ms; CPU {} µs a logout and guard, memory {} MB",
                short(at(0.5)),
                short(at(1.0)),
                short(each),
                short(told.resident_mb)
            ),
            against: format!("0 guards: memory {} MB", short(alone.resident_mb)),
            judged: Spread { median: at(0.99), ..spread(&told.lags)? },
            unit: " ms".to_owned(),
            goal: Goal::AtMost(1000.0),
        });
        detail.insert(
            followers.to_string(),
            json!({"cpu_micros_of_a_logout": told.cpu_micros, "resident_mb": told.resident_mb, "p50_ms": at(0.5), "p99_ms": at(0.99)}),
        );
    }
    rows.push(snapshot_size(rig, folder.path()).await?);
    let how = format!(
        "guards that ask `/revocations` by long poll, each over a connection of its own, while {LOGOUTS} sessions are ended one \
         after the other; from the answer of the logout to its arrival at each guard; the CPU is that of the server beyond the \
         same logouts without a guard; the spread is that of all lags"
    );
    Ok(Report::new("feed", 12, &how, rows, Value::Object(detail)))
}

struct Told {
    /// From each logout to each guard, in ms.
    lags: Vec<f64>,
    /// Of the server, for one logout with all that it tells.
    cpu_micros: f64,
    resident_mb: f64,
}

async fn with_followers(server: &Server, key: &str, followers: usize) -> Result<Told> {
    let heard: Heard = Arc::default();
    let mut following = JoinSet::new();
    for _ in 0..followers {
        following.spawn(follow(server.address, key.to_owned(), Arc::clone(&heard)));
    }
    let mut sessions = Vec::new();
    for _ in 0..LOGOUTS {
        let access = login(server.address, ADMIN, ADMIN_PASSWORD).await?.access;
        sessions.push((session_of(&access)?, access));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;

    let before = process::cpu_seconds(server.pid())?;
    let mut ended = Vec::new();
    for (session, access) in &sessions {
        logout(server.address, access).await?;
        ended.push((session, Instant::now()));
        tokio::time::sleep(PAUSE).await;
    }
    let since = Instant::now();
    let all = || {
        let heard =
            heard.lock().map(|heard| ended.iter().all(|(id, _)| heard.get(*id).map_or(0, Vec::len) == followers));
        heard.unwrap_or_default()
    };
    while followers > 0 && !all() {
        ensure!(since.elapsed() < PATIENCE, "a guard heard nothing of a logout within {PATIENCE:?}");
        if let Some(stopped) = following.try_join_next() {
            stopped??;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let used = process::cpu_seconds(server.pid())? - before;
    let resident = process::memory(server.pid())?.resident;
    following.shutdown().await;

    let heard = heard.lock().map_err(|_| anyhow::anyhow!("a follower broke down"))?;
    let lags = ended.iter().flat_map(|(id, at)| {
        let times = heard.get(*id).map(Vec::as_slice).unwrap_or_default();
        times.iter().map(|time| time.saturating_duration_since(*at).as_secs_f64() * 1000.0).collect::<Vec<_>>()
    });
    #[allow(clippy::cast_precision_loss)] // Far below 2^52.
    let told =
        Told { lags: lags.collect(), cpu_micros: used * 1e6 / LOGOUTS as f64, resident_mb: resident as f64 / 1e6 };
    println!("feed: {followers} guards, {:.0} µs CPU a logout, {:.1} MB", told.cpu_micros, told.resident_mb);
    Ok(told)
}

async fn follow(address: SocketAddr, key: String, heard: Heard) -> Result<()> {
    let authorization = format!("Bearer {key}");
    let mut connection = Connection::new(address);
    let first = connection.send(&Request::new("GET", "/revocations", &[("Authorization", &authorization)])).await?;
    let mut sequence = first.json()["sequence"].as_i64().with_context(|| first.in_short())?;
    loop {
        let path = format!("/revocations?after={sequence}&wait=20");
        let answer = connection.send(&Request::new("GET", &path, &[("Authorization", &authorization)])).await?;
        let now = Instant::now();
        let body = answer.json();
        sequence = body["sequence"].as_i64().with_context(|| answer.in_short())?;
        let ids = body["events"].as_array().into_iter().flatten().filter_map(|event| event["session_id"].as_str());
        let mut heard = heard.lock().map_err(|_| anyhow::anyhow!("another follower broke down"))?;
        for id in ids {
            heard.entry(id.to_owned()).or_default().push(now);
        }
    }
}

/// The `sid` of a token that was just given, unverified.
fn session_of(access: &str) -> Result<String> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let payload = access.split('.').nth(1).context("no token")?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    Ok(claims["sid"].as_str().context("a token without a session")?.to_owned())
}

/// How many bytes a guard is told that knows nothing, for a million ended sessions.
async fn snapshot_size(rig: &Rig, folder: &std::path::Path) -> Result<Row> {
    let doorward = rig.on_sqlite("snapshot", folder)?.with_cheap_hashes();
    let server = doorward.serve().await?;
    let made = doorward.run_well(&["service", "create", "followers", "--scope", "revocations"], "").await?;
    let said = String::from_utf8(made.stdout)?;
    let key = said.split_whitespace().find(|word| word.starts_with("dw_")).context("no key was printed")?.to_owned();
    let access = login(server.address, ADMIN, ADMIN_PASSWORD).await?.access;
    logout(server.address, &access).await?;
    server.stop().await?;
    let copies = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ENDED}) \
         INSERT INTO revocations (kind, user_id, session_id, created_at, until) \
         SELECT r.kind, r.user_id, substr(r.session_id, 1, 20) || printf('%012x', n.i), r.created_at, r.until \
         FROM (SELECT * FROM revocations WHERE kind = 'session' ORDER BY sequence LIMIT 1) r, n"
    );
    let made = execute(doorward.database(), &copies).await?;
    ensure!(made == ENDED, "{made} sessions were ended in place of {ENDED}");

    let server = doorward.serve().await?;
    let request = Request::new("GET", "/revocations", &[("Authorization", &format!("Bearer {key}"))]);
    let started = Instant::now();
    let answer = Connection::new(server.address).send(&request).await?;
    let taken = started.elapsed().as_secs_f64() * 1000.0;
    ensure!(answer.status == 200, "{}", answer.in_short());
    #[allow(clippy::cast_precision_loss)] // Far below 2^52.
    let (bytes, count) = (answer.body.len() as f64, ENDED as f64);
    Ok(Row {
        what: "snapshot for a guard, of a million ended sessions".to_owned(),
        measured: format!("{} bytes a session; {} ms for {ENDED}", short(bytes / count), short(taken)),
        against: "—".to_owned(),
        judged: spread(&[bytes / count])?,
        unit: " MB".to_owned(),
        goal: Goal::None,
    })
}
