use super::Finding;
use crate::{Doorward, Error, signing_key};

pub(super) async fn examine(doorward: &Doorward) -> Result<Finding, Error> {
    let keys = signing_key::list(doorward).await?;
    let Some(signing) = keys.iter().find(|key| key.state == "signing") else {
        return Ok(Finding::fail("keys", "no key signs", "run `doorward key rotate`"));
    };
    let days = (doorward.now().utc() - signing.created_at).num_days();
    let limit = i64::from(doorward.settings().token.key_rotation_days);
    if limit > 0 && days > limit + 1 {
        return Ok(Finding::warn(
            "keys",
            format!("the signing key is {days} days old"),
            "a running Doorward rotates it by itself; run `doorward key rotate` if none runs",
        ));
    }
    Ok(Finding::ok("keys", format!("{} key(s) open; the signing one is {days} day(s) old", keys.len())))
}
