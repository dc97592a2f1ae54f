//! What the guard costs a service that has no Doorward inside: the crate `doorward-guard` in axum, following a Doorward beside it,
//! against the same program without the guard.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::json;

use super::{Pairs, Rig, over, temporary_folder};
use crate::load::{Load, body};
use crate::report::{Goal, Report, Row, short};
use crate::server::bare_axum;
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD};
use crate::wire;

const CONNECTIONS: usize = 16;
const PATH: &str = "/me";

/// The measurement.
pub(crate) async fn run(rig: &Rig) -> Result<Report> {
    let folder = temporary_folder()?;
    let doorward = rig.on_sqlite("doorward", folder.path())?;
    let server = doorward.serve().await?;
    let tokens = wire::login(server.address, ADMIN, ADMIN_PASSWORD).await?;
    let answer = wire::guarded(server.address, PATH, &tokens.access).await?;
    let made = doorward.run_well(&["service", "create", "bench", "--scope", "revocations"], "").await?;
    let said = String::from_utf8(made.stdout)?;
    let key = said.split_whitespace().find(|word| word.starts_with("dw_")).context("no key was printed")?;

    let url = format!("http://{}", server.address);
    let guarded = bare_axum::start_guarded(PATH, &answer, folder.path(), (&url, key)).await?;
    let bare = bare_axum::start(PATH, &answer, folder.path()).await?;
    println!("guarded service: GET {PATH} of {} bytes, {CONNECTIONS} connections", answer.body.len());

    let load = |address| Load {
        address,
        requests: Arc::new(vec![wire::guarded_request(PATH, &tokens.access)]),
        check: body(answer.body.clone()),
    };
    let pairs =
        Pairs::measure(rig, (&guarded, &load(guarded.address)), (&bare, &load(bare.address)), CONNECTIONS).await?;

    let figure = |turns: &[super::Turn]| -> Result<String> {
        let cpu = over(turns, |turn| turn.cpu_micros)?;
        let rate = over(turns, |turn| turn.rate)?;
        Ok(format!("{} µs ({:.0}/s)", short(cpu.median), rate.median))
    };
    let row = Row {
        what: "guarded request of a service with `doorward-guard`, CPU".to_owned(),
        measured: figure(&pairs.ours)?,
        against: format!("bare axum {}", figure(&pairs.theirs)?),
        judged: pairs.ratio(|turn| turn.cpu_micros)?,
        unit: "×".to_owned(),
        goal: Goal::AtMost(1.10),
    };
    let how = format!(
        "one program over {CONNECTIONS} keep-alive connections, with `CurrentUser` in its handler and without; the guard \
         follows a Doorward beside it meanwhile; CPU of the service for one request"
    );
    Ok(Report::new("guarded-service", 11, &how, vec![row], json!(pairs)))
}
