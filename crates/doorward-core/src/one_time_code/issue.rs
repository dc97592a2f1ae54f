use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*, sea_query::OnConflict,
};

use super::{ActiveModel, Column, Entity, LinkToken, Purpose, typed_code::TypedCode};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction, UserId},
};

/// How long a code is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// The link, in seconds.
    pub link_seconds: i64,
    /// The typed code, in seconds; `None` where there is none to type.
    pub typed_seconds: Option<i64>,
}

/// What goes into the mail, and nowhere else. `Debug` shows neither.
pub struct Issued {
    /// The link's token.
    pub link_token: String,
    /// The code to type, where there is one.
    pub typed_code: Option<String>,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").finish_non_exhaustive()
    }
}

/// Makes a code for `user`, in the transaction that mails it. An older one of the same purpose dies.
pub async fn issue_within(
    doorward: &Doorward,
    transaction: &Transaction,
    user: UserId,
    purpose: Purpose,
    email: Option<&str>,
    lifetimes: Lifetimes,
) -> Result<Issued, Error> {
    let now = doorward.now();
    let link = LinkToken::random(doorward, LinkToken::ONE_TIME);
    let typed = lifetimes.typed_seconds.map(|seconds| (TypedCode::random(doorward), now.plus_seconds(seconds)));
    let row = ActiveModel {
        user_id: Set(user),
        purpose: Set(purpose.word().to_owned()),
        link_hash: Set(link.hash()),
        typed_hash: Set(typed.as_ref().map(|(code, _)| code.hash(doorward, user, purpose))),
        email: Set(email.map(str::to_owned)),
        created_at: Set(now),
        link_expires_at: Set(now.plus_seconds(lifetimes.link_seconds)),
        typed_expires_at: Set(typed.as_ref().map(|(_, until)| *until)),
        tries: Set(0),
    };
    let replace = OnConflict::columns([Column::UserId, Column::Purpose])
        .update_columns([
            Column::LinkHash,
            Column::TypedHash,
            Column::Email,
            Column::CreatedAt,
            Column::LinkExpiresAt,
            Column::TypedExpiresAt,
            Column::Tries,
        ])
        .to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(transaction).await?;
    Ok(Issued { link_token: link.into_string(), typed_code: typed.map(|(code, _)| code.into_string()) })
}

/// Whether the user got a code of this purpose at `since` or later: who asks again and again is not
/// mailed again and again, and gets no further tries.
pub async fn issued_since(
    connection: &impl ConnectionTrait,
    user: UserId,
    purpose: Purpose,
    since: StoredTime,
) -> Result<bool, Error> {
    let code = Entity::find_by_id((user, purpose.word().to_owned())).one(connection).await?;
    Ok(code.is_some_and(|code| code.created_at >= since))
}

/// More users than that who ask for one address are not people.
const MOST_ASKING: u64 = 5;

/// Who has a code of this purpose for `email`, the newest first.
pub async fn asked_for(connection: &impl ConnectionTrait, purpose: Purpose, email: &str) -> Result<Vec<UserId>, Error> {
    let codes = Entity::find()
        .filter(Column::Email.eq(email))
        .filter(Column::Purpose.eq(purpose.word()))
        .order_by_desc(Column::CreatedAt)
        .limit(MOST_ASKING)
        .all(connection)
        .await?;
    Ok(codes.into_iter().map(|code| code.user_id).collect())
}

/// When the user's code of this purpose was issued, where there is one.
pub async fn issued_at(
    connection: &impl ConnectionTrait,
    user: UserId,
    purpose: Purpose,
) -> Result<Option<StoredTime>, Error> {
    let code = Entity::find_by_id((user, purpose.word().to_owned())).one(connection).await?;
    Ok(code.map(|code| code.created_at))
}

/// Withdraws the user's code of this purpose, where there is one.
pub async fn withdraw_within(transaction: &Transaction, user: UserId, purpose: Purpose) -> Result<(), Error> {
    Entity::delete_by_id((user, purpose.word().to_owned())).exec(transaction).await?;
    Ok(())
}

/// Deletes codes whose time is over.
pub async fn delete_outdated(doorward: &Doorward) -> Result<(), Error> {
    let now = doorward.now();
    let transaction = doorward.database().begin().await?;
    let typed_is_over = Condition::any().add(Column::TypedExpiresAt.is_null()).add(Column::TypedExpiresAt.lte(now));
    Entity::delete_many().filter(Column::LinkExpiresAt.lte(now)).filter(typed_is_over).exec(&transaction).await?;
    transaction.commit().await?;
    Ok(())
}
