//! Whether the time of asking for a new password gives away that somebody has the address.

use anyhow::Result;
use serde_json::json;

use super::logins::populated;
use super::timing::{sample, told_apart};
use super::{Rig, temporary_folder};
use crate::http_client::Request;
use crate::population::username;
use crate::report::Report;
use crate::server::doorward::address_of;

/// Names beyond this number nobody has.
const NOBODY: u64 = 1_000_000;

/// The measurement: `samples` of each kind, each name once, by `clients` at once.
pub(crate) async fn run(rig: &Rig, samples: usize, clients: usize) -> Result<Report> {
    let folder = temporary_folder()?;
    let doorward = rig.on_sqlite("recovery-timing", folder.path())?;
    let users = samples as u64;
    let server = populated(&doorward, users).await?;
    let mut asked = Vec::new();
    for number in 1..=users {
        for (kind, number) in [(0, NOBODY + number), (1, number)] {
            let who = json!({ "username": address_of(&username(number)) });
            asked.push((kind, Request::json("POST", "/password/forgot", &[], &who)));
        }
    }
    let times = sample(server.address, asked, 2, clients, 200).await?;
    let what = "`POST /password/forgot`: an address that somebody has told from one that nobody has, by its time";
    let row = told_apart(what.to_owned(), &times[1], &times[0])?;
    let how =
        format!("{samples} addresses of each kind, each once, shuffled, {clients} at once; judged as in **timing**");
    Ok(Report::new("recovery-timing", 13, &how, vec![row], json!({ "unknown_ms": times[0], "known_ms": times[1] })))
}
