use std::collections::BTreeMap;

use sea_orm::{Condition, ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{Column, Entity, User, email_key, lookup_key, username_skeleton};
use crate::{
    Error,
    database::{LenientText, UserId},
    role,
};

/// More rows than can be exactly or nearly called the same: two exact ones and two by their keys.
const CANDIDATES: u64 = 4;

/// The user with this id.
pub async fn find_by_id(connection: &impl ConnectionTrait, id: UserId) -> Result<Option<User>, Error> {
    Ok(Entity::find_by_id(id).one(connection).await?)
}

/// Whom `identifier` names at sign-in: a user name or an e-mail address, first as spelled, then
/// whatever its case and Unicode form. One query, whoever is asked for.
pub async fn find_for_login(connection: &impl ConnectionTrait, identifier: &str) -> Result<Option<User>, Error> {
    let (key, address_key) = (lookup_key(identifier), email_key(identifier));
    let candidates = Entity::find()
        .filter(
            Condition::any()
                .add(Column::Username.eq(identifier))
                .add(Column::UsernameKey.eq(key.as_str()))
                .add(Column::Email.eq(identifier))
                .add(Column::EmailKey.eq(address_key.as_str())),
        )
        .order_by_asc(Column::Id)
        .limit(CANDIDATES)
        .all(connection)
        .await?;
    Ok(candidates
        .into_iter()
        .filter_map(|user| closeness(&user, identifier, &key, &address_key).map(|rank| (rank, user)))
        .min_by_key(|(rank, user)| (*rank, user.id))
        .map(|(_, user)| user))
}

/// How `identifier` names `user`, nearest first. A key that no longer fits its spelling counts for
/// nothing: the other application has renamed the user since.
fn closeness(user: &User, identifier: &str, key: &str, address_key: &str) -> Option<u8> {
    let is = |field: &Option<LenientText>| field.as_deref() == Some(identifier);
    let has_key = |field: &Option<LenientText>, key: &str, key_of: fn(&str) -> String| {
        !key.is_empty() && field.as_deref().is_some_and(|spelling| key_of(spelling) == key)
    };
    if is(&user.username) {
        Some(0)
    } else if has_key(&user.username, key, lookup_key) {
        Some(1)
    } else if is(&user.email) {
        Some(2)
    } else if has_key(&user.email, address_key, email_key) {
        Some(3)
    } else {
        None
    }
}

/// Whose address this is: first as spelled, then whatever its case and Unicode form. A user name that
/// looks like an address is none.
pub async fn find_by_email(connection: &impl ConnectionTrait, email: &str) -> Result<Option<User>, Error> {
    let key = email_key(email);
    let candidates = Entity::find()
        .filter(Condition::any().add(Column::Email.eq(email)).add(Column::EmailKey.eq(key.as_str())))
        .order_by_asc(Column::Id)
        .limit(CANDIDATES)
        .all(connection)
        .await?;
    let is = |user: &User| user.email.as_deref() == Some(email);
    let has_key = |user: &User| !key.is_empty() && user.email.as_deref().map(email_key).as_ref() == Some(&key);
    Ok(candidates.iter().find(|user| is(user)).or_else(|| candidates.iter().find(|user| has_key(user))).cloned())
}

/// Whether anybody has this user name, or one that can be taken for it.
pub(crate) async fn has_username_like(connection: &impl ConnectionTrait, username: &str) -> Result<bool, Error> {
    let like = Condition::any()
        .add(Column::Username.eq(username))
        .add(Column::UsernameKey.eq(lookup_key(username)))
        .add(Column::UsernameSkeleton.eq(username_skeleton(username)));
    Ok(Entity::find().filter(like).one(connection).await?.is_some())
}

/// The user that an operator names: by id, user name or address.
pub async fn find_named(connection: &impl ConnectionTrait, named: &str) -> Result<User, Error> {
    if let Some(user) = find_for_login(connection, named).await? {
        return Ok(user);
    }
    if let Ok(id) = named.parse()
        && let Some(user) = find_by_id(connection, UserId(id)).await?
    {
        return Ok(user);
    }
    Err(Error::UserNotFound)
}

/// The users who hold these look-up keys, as name or as address.
pub async fn holders_of(connection: &impl ConnectionTrait, keys: &[String]) -> Result<Vec<UserId>, Error> {
    let keys = || keys.iter().map(String::as_str);
    let holders = Entity::find()
        .filter(Condition::any().add(Column::UsernameKey.is_in(keys())).add(Column::EmailKey.is_in(keys())))
        .order_by_asc(Column::Id)
        .all(connection)
        .await?;
    Ok(holders.into_iter().map(|user| user.id).collect())
}

/// The names of the user's roles, in order.
pub async fn roles_of(connection: &impl ConnectionTrait, user: UserId) -> Result<Vec<String>, Error> {
    Ok(role::Assignments::find()
        .filter(role::AssignmentColumn::UserId.eq(user))
        .order_by_asc(role::AssignmentColumn::Role)
        .all(connection)
        .await?
        .into_iter()
        .map(|assignment| assignment.role)
        .collect())
}

/// The names of the roles of each of `users`, in order, by one query. Who has none is not in it.
pub async fn roles_of_each(
    connection: &impl ConnectionTrait,
    users: &[User],
) -> Result<BTreeMap<UserId, Vec<String>>, Error> {
    let assignments = role::Assignments::find()
        .filter(role::AssignmentColumn::UserId.is_in(users.iter().map(|user| user.id)))
        .order_by_asc(role::AssignmentColumn::Role)
        .all(connection)
        .await?;
    let mut roles = BTreeMap::<_, Vec<_>>::new();
    for assignment in assignments {
        roles.entry(assignment.user_id).or_default().push(assignment.role);
    }
    Ok(roles)
}
