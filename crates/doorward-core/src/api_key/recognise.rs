use std::sync::Arc;

use doorward_guard::{CredentialKind, Denied, Identity};
use sea_orm::entity::prelude::*;
use sha2::{Digest, Sha256};

use super::{Column, Entity, is_well_formed};
use crate::{
    Doorward, Error,
    token::ROW_MEMORY_SECONDS,
    user::{self, User},
};

/// Whose API key this is, as the database knows: alive, of a user who may sign in. What is no key at all is
/// refused without asking.
pub async fn recognise(doorward: &Doorward, key: &str) -> Result<Identity, Error> {
    if !is_well_formed(key) {
        return Err(Denied::Malformed("no API key, or mistyped: the checksum is another").into());
    }
    let reads = doorward.database().reads();
    let now = doorward.now();
    let hash = Sha256::digest(key).to_vec();
    let row = Entity::find().filter(Column::KeyHash.eq(hash)).one(reads).await?.ok_or(Denied::UnknownKey)?;
    if row.revoked_at.is_some() {
        return Err(Denied::Revoked.into());
    }
    if !row.is_alive(now) {
        return Err(Denied::Expired.into());
    }
    let user = user::find_by_id(reads, row.user_id)
        .await?
        .filter(|user: &User| user.is_enabled(now))
        .ok_or(Denied::UserUnknown)?;
    let roles = user::roles_of(reads, user.id).await?;

    let remembered_until = now.unix() + ROW_MEMORY_SECONDS;
    let expires_at = row.expires_at.map_or(remembered_until, |end| end.unix().min(remembered_until));
    let mut identity = Identity::new(CredentialKind::ApiKey, key.as_bytes(), user.id.0, now.unix(), expires_at);
    identity.scopes = Some(row.scopes().map(Box::from).collect());
    identity.roles = narrowed(roles, &identity);
    identity.username = user.username.map(|name| name.0.into_boxed_str());
    Ok(identity)
}

/// A key only narrows: of the user's roles those that it names.
pub(crate) fn narrowed(roles: Vec<String>, identity: &Identity) -> Arc<[Box<str>]> {
    roles.into_iter().filter(|role| identity.has_scope(role)).map(String::into_boxed_str).collect()
}
