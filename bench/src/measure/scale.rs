//! What a million users cost against a thousand: login's own work, a guarded request, a page of the list.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use super::logins::{PASSWORD, populated};
use super::{Pairs, Rig, over, temporary_folder};
use crate::http_client::{Request, ask};
use crate::load::{Load, signed_in, status};
use crate::population::username;
use crate::report::{Goal, Report, Row, short};
use crate::server::Server;
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD, Doorward};
use crate::server::postgres::{Engine, Postgres};
use crate::wire::{guarded_request, login, login_request};

const FEW: u64 = 1_000;
const MANY: u64 = 1_000_000;
const CONNECTIONS: usize = 8;
const SIGNED_IN: u64 = 300;

/// The measurement on `SQLite`, and on a PostgreSQL if one is given.
pub(crate) async fn run(rig: &Rig, postgres: Option<&Postgres>) -> Result<Report> {
    let folder = temporary_folder()?;
    let mut rows = Vec::new();
    let mut detail = serde_json::Map::new();
    for engine in [Some(Engine::Sqlite(folder.path())), postgres.map(Engine::Postgres)].into_iter().flatten() {
        let (measured, kept) = on(rig, &engine, folder.path()).await?;
        rows.extend(measured);
        detail.insert(engine.name().to_owned(), kept);
    }
    let how = format!(
        "{MANY} users against {FEW}, the rest equal: Argon2id turned down to 8 KiB and one pass so that the rest of a login \
         is seen; logins of {FEW} users spread over the whole table, {SIGNED_IN} users signed in; CPU of the server process for one request"
    );
    Ok(Report::new("scale", 7, &how, rows, serde_json::Value::Object(detail)))
}

async fn on(rig: &Rig, engine: &Engine<'_>, folder: &std::path::Path) -> Result<(Vec<Row>, serde_json::Value)> {
    let few = sized(rig, engine, folder, FEW).await?;
    let many = sized(rig, engine, folder, MANY).await?;
    let mut rows = Vec::new();
    let mut detail = serde_json::Map::new();
    let kinds = [("login's own work", 0), ("guarded request `GET /me`", 1), ("page of the list `GET /users`", 2)];
    for (what, kind) in kinds {
        if few.loads[kind].requests.is_empty() {
            println!("{}: no {what} to measure: the server has no such path", engine.name());
            continue;
        }
        println!("{}: {what}", engine.name());
        let pairs =
            Pairs::measure(rig, (&many.server, &many.loads[kind]), (&few.server, &few.loads[kind]), CONNECTIONS)
                .await?;
        rows.push(Row {
            what: format!("{what}, 1,000,000 users, {}", engine.name()),
            measured: format!("{} µs", short(over(&pairs.ours, |turn| turn.cpu_micros)?.median)),
            against: format!("1,000 users {} µs", short(over(&pairs.theirs, |turn| turn.cpu_micros)?.median)),
            judged: pairs.ratio(|turn| turn.cpu_micros)?,
            unit: "×".to_owned(),
            goal: Goal::AtMost(1.1),
        });
        detail.insert(what.to_owned(), json!(pairs));
    }
    Ok((rows, serde_json::Value::Object(detail)))
}

struct Sized {
    server: Server,
    loads: [Load; 3],
}

async fn sized(rig: &Rig, engine: &Engine<'_>, folder: &std::path::Path, users: u64) -> Result<Sized> {
    let name = format!("users{users}");
    let own = folder.join(format!("{}-{name}", engine.name()));
    std::fs::create_dir_all(&own)?;
    let database = engine.database(&name).await?;
    let doorward = Doorward::new(&name, &rig.doorward, &own, &database)?
        .with_cheap_hashes()
        .set("DOORWARD_SESSION__MAX_PER_USER", "100000");
    let started = Instant::now();
    let server = populated(&doorward, users).await?;
    println!("{}: {users} users in {:.1} s", engine.name(), started.elapsed().as_secs_f64());

    // As many sign in at both sizes: how many sessions a user has is another question than how many users there are.
    let drawn = (1..=FEW).map(|index| login_request(&username(index * (users / FEW)), PASSWORD)).collect();
    let mut tokens = Vec::new();
    for number in (1..=SIGNED_IN).map(|index| index * (users / SIGNED_IN)) {
        tokens.push(login(server.address, &username(number), PASSWORD).await?.access);
    }
    let admin = login(server.address, ADMIN, ADMIN_PASSWORD).await?.access;
    let page = guarded_request("/users?limit=50", &admin);
    let list = if ask(server.address, &page).await?.status == 404 { Vec::new() } else { vec![page] };
    let load = |requests: Vec<Request>, check| Load { address: server.address, requests: Arc::new(requests), check };
    let loads = [
        load(drawn, signed_in()),
        load(tokens.iter().map(|token| guarded_request("/me", token)).collect(), status(200)),
        load(list, status(200)),
    ];
    Ok(Sized { server, loads })
}
