use super::Finding;
use crate::{Doorward, Error, role};

pub(super) async fn examine(doorward: &Doorward) -> Result<Finding, Error> {
    if role::has_administrator(doorward.database().reads(), doorward.now()).await? {
        return Ok(Finding::ok("administrators", "there is one"));
    }
    Ok(Finding::warn("administrators", "nobody administers", "run `doorward user grant NAME admin`"))
}
