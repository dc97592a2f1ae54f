use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, Grants, entity::permission, permissions_of};
use crate::Error;

/// The most roles that are listed.
const MOST: u64 = 1_000;

/// A role with what it permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleShown {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it permits, in order.
    pub permissions: Vec<String>,
}

/// The roles in the order of their names.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<RoleShown>, Error> {
    let roles = Entity::find().order_by_asc(Column::Name).limit(MOST).all(connection).await?;
    let mut permissions = BTreeMap::<_, Vec<_>>::new();
    for row in Grants::find().order_by_asc(permission::Column::Permission).all(connection).await? {
        permissions.entry(row.role).or_default().push(row.permission);
    }
    Ok(roles
        .into_iter()
        .map(|role| RoleShown {
            permissions: permissions.remove(&role.name).unwrap_or_default(),
            name: role.name,
            description: role.description,
        })
        .collect())
}

/// One role.
///
/// # Errors
/// [`Error::RoleNotFound`].
pub async fn find(connection: &impl ConnectionTrait, name: &str) -> Result<RoleShown, Error> {
    let role = Entity::find_by_id(name.to_owned()).one(connection).await?.ok_or(Error::RoleNotFound)?;
    let permissions = permissions_of(connection, name).await?.into_iter().collect();
    Ok(RoleShown { name: role.name, description: role.description, permissions })
}
