use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use doorward_guard::Identity;
use parking_lot::RwLock;
use sea_orm::{ConnectionTrait, QueryOrder, entity::prelude::*};

use super::{Grants, entity::permission};
use crate::{Doorward, Error};

/// What each role may do, in memory: a guarded request asks no database. Read at the start, and again
/// when the feed of revocations tells of a change.
#[derive(Default)]
pub struct Permissions {
    known: RwLock<Arc<Known>>,
    /// One reading at a time: of two, the one that began earlier must not be the last.
    reading: tokio::sync::Mutex<()>,
}

type Known = HashMap<Box<str>, BTreeSet<Box<str>>>;

impl Permissions {
    /// Whether one of the identity's roles has the permission, letter for letter.
    pub fn allow(&self, identity: &Identity, permission: &str) -> bool {
        let known = Arc::clone(&self.known.read());
        identity.roles.iter().any(|role| known.get(role).is_some_and(|held| held.contains(permission)))
    }

    /// All that the identity's roles may do, in the order of their names.
    pub fn of(&self, identity: &Identity) -> Vec<String> {
        let known = Arc::clone(&self.known.read());
        let held: BTreeSet<&str> =
            identity.roles.iter().filter_map(|role| known.get(role)).flatten().map(|name| &**name).collect();
        held.into_iter().map(str::to_owned).collect()
    }
}

impl std::fmt::Debug for Permissions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permissions").field("roles", &self.known.read().len()).finish_non_exhaustive()
    }
}

/// Reads every role's permissions from the database.
pub(crate) async fn reload(doorward: &Doorward) -> Result<(), Error> {
    let permissions = doorward.permissions();
    let _turn = permissions.reading.lock().await;
    let mut known = Known::new();
    for row in Grants::find().all(doorward.database().reads()).await? {
        known.entry(row.role.into()).or_default().insert(row.permission.into());
    }
    *permissions.known.write() = Arc::new(known);
    Ok(())
}

/// After a commit: at once in this process. Where it can't be read now, the feed sees to it.
pub(super) async fn reload_soon(doorward: &Doorward) {
    if let Err(error) = reload(doorward).await {
        tracing::warn!(%error, "permissions could not be read again at once; they follow with the feed");
    }
}

/// The permissions of a role, in order.
pub async fn permissions_of(connection: &impl ConnectionTrait, role: &str) -> Result<BTreeSet<String>, Error> {
    let rows = Grants::find()
        .filter(permission::Column::Role.eq(role))
        .order_by_asc(permission::Column::Permission)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.permission).collect())
}
