use super::Finding;
use crate::{Doorward, Error, database};

pub(super) async fn examine(doorward: &Doorward) -> Result<Finding, Error> {
    let database = doorward.database();
    let complaints = database::check_integrity(database).await?;
    let version = database::engine_version(database).await?;
    if complaints.is_empty()
        && let Some(lax) = database::lax_durability(database).await?
    {
        return Ok(Finding::warn(
            "database",
            format!("{version}: {lax}; what was acknowledged can be lost in a crash"),
            "set it back to the engine's safe value: WAL and FULL on SQLite, on for PostgreSQL",
        ));
    }
    if complaints.is_empty() {
        let location = database.location();
        return Ok(Finding::ok("database", format!("{version} at {location} answers")));
    }
    Ok(Finding::fail(
        "database",
        complaints.join("; "),
        "stop Doorward, and restore a backup or run `sqlite3 FILE .recover`",
    ))
}
