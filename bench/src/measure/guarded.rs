//! What knowing who is asking costs: a guarded request against bare axum giving the same answer.

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;

use super::{Pairs, Rig, over, temporary_folder};
use crate::load::{Load, body, status};
use crate::report::{Goal, Report, Row, short};
use crate::server::bare_axum;
use crate::server::doorward::{ADMIN, ADMIN_PASSWORD};
use crate::wire;

const CONNECTIONS: usize = 16;

/// The measurement.
pub(crate) async fn run(rig: &Rig) -> Result<Report> {
    let folder = temporary_folder()?;
    let (doorward, path) = rig.guarding("guarding", folder.path())?;
    let server = doorward.serve().await?;
    let tokens = wire::login(server.address, ADMIN, ADMIN_PASSWORD).await?;
    let answer = wire::guarded(server.address, path, &tokens.access).await?;
    // The same application, handler and server without the guard; for the binary's own `/me`, the same answer from memory.
    let bare = match rig.embedded_bare("bare", folder.path())? {
        Some(bare) => bare.serve().await?,
        None => bare_axum::start(path, &answer, folder.path()).await?,
    };
    println!("guarded: GET {path} of {} bytes, {CONNECTIONS} connections", answer.body.len());

    let load = |address| Load {
        address,
        requests: Arc::new(vec![wire::guarded_request(path, &tokens.access)]),
        // The embedded route gives one constant answer; `/me` shows times that move on.
        check: if rig.embedded.is_some() { body(answer.body.clone()) } else { status(200) },
    };
    let pairs =
        Pairs::measure(rig, (&server, &load(server.address)), (&bare, &load(bare.address)), CONNECTIONS).await?;

    let figure = |turns: &[super::Turn]| -> Result<String> {
        let cpu = over(turns, |turn| turn.cpu_micros)?;
        let rate = over(turns, |turn| turn.rate)?;
        Ok(format!("{} µs ({:.0}/s)", short(cpu.median), rate.median))
    };
    let row = Row {
        what: format!("guarded request `GET {path}`, CPU"),
        measured: figure(&pairs.ours)?,
        against: format!("bare axum {}", figure(&pairs.theirs)?),
        judged: pairs.ratio(|turn| turn.cpu_micros)?,
        unit: "×".to_owned(),
        goal: Goal::AtMost(1.15),
    };
    let how = format!(
        "`GET {path}` over {CONNECTIONS} keep-alive connections against the same handler on the same server without the \
         guard; CPU of the server process for one request"
    );
    Ok(Report::new("guarded", 1, &how, vec![row], json!(pairs)))
}
