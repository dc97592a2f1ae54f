use std::collections::BTreeSet;

use sea_orm::{
    QuerySelect,
    entity::prelude::*,
    sea_query::{Expr, LockType},
};

use super::{Grants, create::permit_within, entity::permission, name, permission::reload_soon, permissions_of};
use crate::{
    Doorward, Error, audit,
    event::{Event, EventKind},
    revocation,
};

/// What is to be changed of a role; nothing by default.
#[derive(Debug, Clone, Default)]
pub struct RoleChange {
    /// Another description, or none.
    pub description: Option<Option<String>>,
    /// Other permissions.
    pub permissions: Option<PermissionChange>,
}

/// How a role's permissions are changed.
#[derive(Debug, Clone)]
pub enum PermissionChange {
    /// To these and no others.
    Exactly(BTreeSet<String>),
    /// These are added.
    Permit(BTreeSet<String>),
    /// These are taken away.
    Forbid(BTreeSet<String>),
}

/// Changes a role. Its permissions count everywhere within a second, in tokens of before too.
///
/// # Errors
/// [`Error::RoleNotFound`]; [`Error::Invalid`] names the bad fields.
pub async fn change(doorward: &Doorward, role: &str, change: RoleChange) -> Result<(), Error> {
    let named = change.permissions.as_ref().map(|change| match change {
        PermissionChange::Exactly(named) | PermissionChange::Permit(named) | PermissionChange::Forbid(named) => named,
    });
    name::check(None, change.description.as_ref().and_then(Option::as_deref), named)?;
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    // Two who change it at once take turns, so that each adds to what the other has left.
    let found = super::Entity::find_by_id(role.to_owned()).lock(LockType::Update).one(&transaction).await?;
    if found.is_none() {
        return Err(Error::RoleNotFound);
    }
    let mut event = Event::of_nobody(EventKind::RoleChanged).with("role", role);
    if let Some(description) = change.description {
        super::Entity::update_many()
            .col_expr(super::Column::Description, Expr::value(description.clone()))
            .filter(super::Column::Name.eq(role))
            .exec(&transaction)
            .await?;
        event = event.with("description", description);
    }
    if let Some(change) = change.permissions {
        let before = permissions_of(&transaction, role).await?;
        let after = applied(&before, change);
        name::check(None, None, Some(&after))?;
        Grants::delete_many()
            .filter(permission::Column::Role.eq(role))
            .filter(permission::Column::Permission.is_in(before.difference(&after).map(String::as_str)))
            .exec(&transaction)
            .await?;
        let added: BTreeSet<_> = after.difference(&before).cloned().collect();
        permit_within(&transaction, role, &added).await?;
        event = event.with("permissions", after.into_iter().collect::<Vec<_>>());
    }
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    let changed = revocation::permissions_within(&transaction, now).await?;
    transaction.commit().await?;
    doorward.apply(&changed);
    reload_soon(doorward).await;
    doorward.announce(&recorded);
    Ok(())
}

fn applied(before: &BTreeSet<String>, change: PermissionChange) -> BTreeSet<String> {
    match change {
        PermissionChange::Exactly(named) => named,
        PermissionChange::Permit(named) => before.union(&named).cloned().collect(),
        PermissionChange::Forbid(named) => before.difference(&named).cloned().collect(),
    }
}
