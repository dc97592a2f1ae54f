//! Guarded requests and logins for a second of CPU, against the Flask system under gunicorn with two workers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::logins::{logins, populated};
use super::{Pairs, Rig, over, temporary_folder};
use crate::http_client::{Request, ask};
use crate::load::{Check, Load, body, signed_in, status};
use crate::report::{Goal, Report, Row, short};
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD};
use crate::server::flask::Flask;
use crate::wire;

const CONNECTIONS: usize = 16;
const USERS: u64 = 256;
const FLASK_USER: &str = "measured";

/// The measurement.
pub(crate) async fn run(rig: &Rig, flask: &Flask) -> Result<Report> {
    let folder = temporary_folder()?;
    let (doorward, path) = rig.guarding("doorward", folder.path())?;
    let server = populated(&doorward, USERS).await?;
    let database = format!("sqlite://{}", folder.path().join("flask.db").display());
    flask.create_tables(&database, folder.path())?;
    let other = flask.serve(&database, "a secret key for measuring", folder.path()).await?;
    let user = json!({ "username": FLASK_USER, "email": "m@example.org", "password": ADMIN_PASSWORD });
    let registered = ask(other.address, &Request::json("POST", "/register", &[], &user)).await?;
    anyhow::ensure!(registered.code() == 200, "the Flask system registered nobody: {}", registered.in_short());

    let tokens = wire::login(server.address, ADMIN, ADMIN_PASSWORD).await?;
    let theirs = wire::login(other.address, FLASK_USER, ADMIN_PASSWORD).await?;
    let answer = wire::guarded(server.address, path, &tokens.access).await?;
    let flask_answer = wire::guarded(other.address, "/my_info", &theirs.access).await?;
    let same = answer.json() == flask_answer.json();
    if !same {
        println!("flask: the answers differ ({} and {})", answer.in_short(), flask_answer.in_short());
    }

    let load = |address, requests, check: Check| Load { address, requests: Arc::new(requests), check };
    let guarded = Pairs::measure(
        rig,
        (&server, &load(server.address, vec![wire::guarded_request(path, &tokens.access)], status(200))),
        (
            &other,
            &load(other.address, vec![wire::guarded_request("/my_info", &theirs.access)], body(flask_answer.body)),
        ),
        CONNECTIONS,
    )
    .await
    .context("guarded requests")?;
    let slower = Rig { turn: rig.turn.max(Duration::from_secs(4)), turns: rig.turns.min(5), ..rig.clone() };
    let logins = Pairs::measure(
        &slower,
        (&server, &load(server.address, logins(USERS), signed_in())),
        (&other, &load(other.address, vec![wire::login_request(FLASK_USER, ADMIN_PASSWORD)], signed_in())),
        CONNECTIONS,
    )
    .await
    .context("logins")?;

    let a_second_of_cpu = |turn: &super::Turn| 1e6 / turn.cpu_micros;
    let row = |what: String, pairs: &Pairs, goal| -> Result<Row> {
        let ours = over(&pairs.ours, a_second_of_cpu)?.median;
        let others = over(&pairs.theirs, a_second_of_cpu)?.median;
        Ok(Row {
            what,
            measured: format!("{}/CPU s", short(ours)),
            against: format!("Flask {}/CPU s", short(others)),
            judged: pairs.ratio(a_second_of_cpu)?,
            unit: "×".to_owned(),
            goal,
        })
    };
    let answers = if same { "the same answer" } else { "answers that differ" };
    let rows = vec![
        row(format!("guarded requests `GET {path}` for a second of CPU, {answers}"), &guarded, Goal::AtLeast(30.0))?,
        row(
            "logins for a second of CPU (Argon2id here, PBKDF2 of 150,000 rounds there)".to_owned(),
            &logins,
            Goal::None,
        )?,
    ];
    let how = format!(
        "the Flask system of `bench/flask` under gunicorn with 2 workers (which close every connection, as sync workers do), \
         both on SQLite, {CONNECTIONS} clients"
    );
    Ok(Report::new("flask", 4, &how, rows, json!({ "guarded": guarded, "logins": logins })))
}
