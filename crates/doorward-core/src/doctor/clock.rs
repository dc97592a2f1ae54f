use chrono::Datelike as _;

use super::Finding;
use crate::{Doorward, Error, database};

/// A clock outside of them was never set, or lost its battery.
const SANE_YEARS: std::ops::Range<i32> = 2024..2100;

pub(super) async fn examine(doorward: &Doorward) -> Result<Finding, Error> {
    let ours = doorward.now();
    let theirs = database::server_time(doorward.database()).await?;
    let apart = (ours.unix() - theirs.unix()).abs();
    if !SANE_YEARS.contains(&ours.utc().year()) {
        return Ok(Finding::warn(
            "clock",
            format!("this machine's clock says {} UTC", ours.utc().format("%Y-%m-%d %H:%M:%S")),
            "set it by NTP: tokens and sessions end by it",
        ));
    }
    if apart > 5 {
        return Ok(Finding::warn(
            "clock",
            format!("this machine's clock and the database's are {apart} s apart"),
            "set both by NTP: tokens are refused when clocks differ by more than a minute",
        ));
    }
    Ok(Finding::ok("clock", format!("{} UTC", ours.utc().format("%Y-%m-%d %H:%M:%S"))))
}
