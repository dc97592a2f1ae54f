use super::Finding;
use crate::{Doorward, Error, database};

pub(super) async fn examine(doorward: &Doorward) -> Result<Finding, Error> {
    let states = database::migration_status(doorward.database()).await?;
    let missing: Vec<_> = states.iter().filter(|state| !state.applied).map(|state| state.name.as_str()).collect();
    if missing.is_empty() {
        return Ok(Finding::ok("migrations", format!("all {} steps are applied", states.len())));
    }
    Ok(Finding::fail("migrations", format!("missing: {}", missing.join(", ")), "run `doorward migrate up`"))
}
