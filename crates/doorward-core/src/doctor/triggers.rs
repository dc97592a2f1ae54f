use super::Finding;
use crate::{Doorward, Error, database};

pub(super) async fn examine(doorward: &Doorward) -> Result<Finding, Error> {
    if database::has_triggers(doorward.database()).await? {
        return Ok(Finding::ok(
            "triggers",
            "deleting a user anywhere takes sessions and roles along, renaming one the look-up key",
        ));
    }
    Ok(Finding::fail(
        "triggers",
        "a trigger of Doorward's is gone, perhaps with a table that was rebuilt: a deleted user's sessions and roles, or a renamed one's look-up key, can stay",
        "run `doorward migrate up`; every start does it too",
    ))
}
