//! What a million users cost against a thousand: login's own work, a guarded request, a page of the list.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
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
/// No index of both engines serves it: a page costs what it looks at, and that is bounded.
const SCANNING: &str = "page of a search by part, which looks at 50,000 users at most";

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
    for ((what, ours), (_, theirs)) in many.loads.iter().zip(&few.loads) {
        println!("{}: {what}", engine.name());
        let pairs = Pairs::measure(rig, (&many.server, ours), (&few.server, theirs), CONNECTIONS).await?;
        rows.push(Row {
            what: format!("{what}, 1,000,000 users, {}", engine.name()),
            measured: format!("{} µs", short(over(&pairs.ours, |turn| turn.cpu_micros)?.median)),
            against: format!("1,000 users {} µs", short(over(&pairs.theirs, |turn| turn.cpu_micros)?.median)),
            judged: pairs.ratio(|turn| turn.cpu_micros)?,
            unit: "×".to_owned(),
            goal: if *what == SCANNING { Goal::None } else { Goal::AtMost(1.1) },
        });
        detail.insert((*what).to_owned(), json!(pairs));
    }
    Ok((rows, serde_json::Value::Object(detail)))
}

struct Sized {
    server: Server,
    loads: Vec<(&'static str, Load)>,
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
    let load = |requests: Vec<Request>, check| Load { address: server.address, requests: Arc::new(requests), check };
    let page = |query: &str| load(vec![guarded_request(&format!("/users?limit=50{query}"), &admin)], status(200));
    // Far into the list, seen from its other end.
    let last = ask(server.address, &guarded_request("/users?limit=50&sort=-id", &admin)).await?;
    let cursor = last.json()["data"]["next"].as_str().with_context(|| last.in_short())?.to_owned();
    let loads = vec![
        ("login's own work", load(drawn, signed_in())),
        (
            "guarded request `GET /me`",
            load(tokens.iter().map(|token| guarded_request("/me", token)).collect(), status(200)),
        ),
        ("page of the list `GET /users`", page("")),
        ("page after another, from the end of the list", page(&format!("&sort=-id&cursor={cursor}"))),
        ("page by name", page("&sort=username")),
        ("page of a search by prefix", page(&format!("&search={}", username(9)))),
        (SCANNING, page(&format!("&match=substring&search={}", username(users - 1).trim_start_matches("bench")))),
        ("page of a filter that all pass", page("&confirmed=true&disabled=false&service=false")),
        ("page of a filter by a rare role", page("&role=admin")),
    ];
    Ok(Sized { server, loads })
}
