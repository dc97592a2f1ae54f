use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{Ids, ImportedUser, Reason};
use crate::{
    Doorward, Error, audit,
    database::{self, StoredTime, Transaction, UserId},
    event::{Event, EventKind},
    role,
    user::{ActiveModel, Column, Entity, User},
};

/// Makes one user of what another system tells, by the rules of every import, with the hash of a password of its own.
pub(crate) async fn take_in(
    doorward: &Doorward,
    user: ImportedUser,
    hash: String,
) -> Result<Result<User, Vec<Reason>>, Error> {
    let now = doorward.now();
    let user = ImportedUser { password_hash: None, ..user };
    let checked = match user.check(Ids::Keep, &doorward.hashing().limits(), now) {
        Ok(checked) => checked,
        Err(reasons) => return Ok(Err(reasons)),
    };
    let mut transaction = doorward.database().begin().await?;
    let mut row = checked.row;
    row.password_hash = Set(Some(hash.into()));
    row.password_version = Set(Some(1));
    // A name that can be taken for another's is let in, as in an adopted table.
    if let Some(skeleton) = &checked.skeleton
        && Entity::find().filter(Column::UsernameSkeleton.eq(skeleton.as_str())).one(&transaction).await?.is_some()
    {
        row.username_skeleton = Set(None);
    }
    let keeps_id = row.id.is_set();
    let user = match row.insert(&transaction).await {
        Ok(user) => user,
        // Its id, or one of its names, is somebody else's.
        Err(error) if database::is_unique_violation(&error) => return Ok(Err(vec![Reason::whole("taken")])),
        Err(error) => return Err(error.into()),
    };
    if keeps_id {
        database::go_on_after_kept_ids(&mut transaction).await?;
    }
    for name in &checked.roles {
        match role::grant_within(&transaction, user.id, name, now).await {
            Ok(_) => {}
            Err(Error::RoleNotFound) => return Ok(Err(vec![Reason::of("roles", "role_not_found")])),
            Err(error) => return Err(error),
        }
    }
    announce(doorward, transaction, user.id, now).await?;
    Ok(Ok(user))
}

/// Gives a user who has no password the one that was right elsewhere.
pub(crate) async fn give_password(doorward: &Doorward, user: &User, hash: String) -> Result<User, Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let row = ActiveModel {
        id: Set(user.id),
        password_hash: Set(Some(hash.into())),
        password_version: Set(Some(user.next_password_version())),
        ..Default::default()
    };
    let user = row.update(&transaction).await?;
    announce(doorward, transaction, user.id, now).await?;
    Ok(user)
}

async fn announce(doorward: &Doorward, transaction: Transaction, id: UserId, now: StoredTime) -> Result<(), Error> {
    let recorded = audit::append_within(doorward, &transaction, Event::of(EventKind::TakenOver, id), now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}
