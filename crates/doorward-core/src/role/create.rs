use std::collections::BTreeSet;

use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{Grants, entity, name, permission::reload_soon};
use crate::{
    Doorward, Error, audit,
    database::{self, Transaction},
    event::{Event, EventKind},
    revocation,
};

/// A role to be made.
#[derive(Debug, Clone, Default)]
pub struct NewRole {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it permits.
    pub permissions: BTreeSet<String>,
}

/// Makes a role.
///
/// # Errors
/// [`Error::Invalid`] names the bad fields; [`Error::RoleTaken`] where there is one of this name.
pub async fn create(doorward: &Doorward, new: NewRole) -> Result<(), Error> {
    name::check(Some(&new.name), new.description.as_deref(), Some(&new.permissions))?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let row = entity::role::ActiveModel { name: Set(new.name.clone()), description: Set(new.description) };
    super::Entity::insert(row)
        .exec_without_returning(&transaction)
        .await
        .map_err(|error| if database::is_unique_violation(&error) { Error::RoleTaken } else { error.into() })?;
    permit_within(&transaction, &new.name, &new.permissions).await?;
    let event = Event::of_nobody(EventKind::RoleCreated)
        .with("role", new.name.as_str())
        .with("permissions", new.permissions.into_iter().collect::<Vec<_>>());
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let changed = revocation::permissions_within(&transaction, now).await?;
    transaction.commit().await?;
    doorward.apply(&changed);
    reload_soon(doorward).await;
    doorward.announce(&recorded);
    Ok(())
}

pub(super) async fn permit_within(
    transaction: &Transaction,
    role: &str,
    permissions: &BTreeSet<String>,
) -> Result<(), Error> {
    let rows = permissions.iter().map(|permission| entity::permission::ActiveModel {
        role: Set(role.to_owned()),
        permission: Set(permission.clone()),
    });
    if !permissions.is_empty() {
        Grants::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}
