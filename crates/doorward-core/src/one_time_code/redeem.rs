use sea_orm::{
    QuerySelect,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _},
};
use subtle::ConstantTimeEq;

use super::{Column, Entity, LinkToken, OneTimeCode, Purpose, typed_code::TypedCode};
use crate::{
    Doorward, Error,
    database::{Transaction, UserId},
};

/// How often a typed code can be tried. The link goes on after that: nobody locks another out of it.
pub const MOST_TRIES: i32 = 5;

/// What a good code stands for. It is used up with the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// Whose it was.
    pub user_id: UserId,
    /// The address that it was sent to.
    pub email: Option<String>,
}

impl From<OneTimeCode> for Redeemed {
    fn from(code: OneTimeCode) -> Self {
        Self { user_id: code.user_id, email: code.email }
    }
}

/// Uses a link's token up. `None` where it is none, of another purpose, used, or over; the operation's
/// answer is [`Error::CodeInvalid`].
pub async fn redeem_link_within(
    doorward: &Doorward,
    transaction: &Transaction,
    purpose: Purpose,
    token: &str,
) -> Result<Option<Redeemed>, Error> {
    let Some(token) = LinkToken::parse(LinkToken::ONE_TIME, token) else { return Ok(None) };
    // Two that come at once take turns here; the second finds nothing.
    let code = Entity::find()
        .filter(Column::LinkHash.eq(token.hash()))
        .filter(Column::Purpose.eq(purpose.word()))
        .lock_exclusive()
        .one(transaction)
        .await?;
    match code {
        Some(code) if code.link_expires_at > doorward.now() => use_up(transaction, code).await,
        _ => Ok(None),
    }
}

/// Whose a link's token is, without using it up: so that what it is for can be looked at before.
pub async fn peek_link(doorward: &Doorward, purpose: Purpose, token: &str) -> Result<Option<Redeemed>, Error> {
    let Some(token) = LinkToken::parse(LinkToken::ONE_TIME, token) else { return Ok(None) };
    let code = Entity::find()
        .filter(Column::LinkHash.eq(token.hash()))
        .filter(Column::Purpose.eq(purpose.word()))
        .one(doorward.database().reads())
        .await?;
    Ok(code.filter(|code| code.link_expires_at > doorward.now()).map(Into::into))
}

/// Uses a typed code up. `None` where it is wrong, tried too often, used, or over; the operation's
/// answer is [`Error::CodeInvalid`]. **Commit then too**: the try counts by the commit.
pub async fn redeem_typed_within(
    doorward: &Doorward,
    transaction: &Transaction,
    purpose: Purpose,
    user: UserId,
    typed: &str,
) -> Result<Option<Redeemed>, Error> {
    let key = (user, purpose.word().to_owned());
    // Counted before it is compared, in one statement: a hundred at once count as a hundred.
    let counted = Entity::update_many()
        .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
        .filter(Column::UserId.eq(user))
        .filter(Column::Purpose.eq(purpose.word()))
        .filter(Column::Tries.lt(MOST_TRIES))
        .filter(Column::TypedExpiresAt.gt(doorward.now()))
        .exec(transaction)
        .await?;
    if counted.rows_affected == 0 {
        return Ok(None);
    }
    let Some(code) = Entity::find_by_id(key).one(transaction).await? else { return Ok(None) };
    let Some(typed) = TypedCode::parse(typed) else { return Ok(None) };
    let is_right = match &code.typed_hash {
        Some(hash) => bool::from(typed.hash(doorward, user, purpose).ct_eq(hash)),
        None => false,
    };
    if is_right { use_up(transaction, code).await } else { Ok(None) }
}

async fn use_up(transaction: &Transaction, code: OneTimeCode) -> Result<Option<Redeemed>, Error> {
    let deleted = Entity::delete_by_id((code.user_id, code.purpose.clone())).exec(transaction).await?;
    Ok((deleted.rows_affected == 1).then(|| code.into()))
}
