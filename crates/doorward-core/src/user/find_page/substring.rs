use sea_orm::{
    Condition, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, LikeExpr},
};

use super::{
    Place, SCANNED, Wanted, cut,
    query::{filtered, id_of, ids_after},
};
use crate::{
    Doorward, Error, FieldProblem,
    database::UserId,
    user::{Column, Entity, User},
};

/// A page of those whose name or address has `part` in it. No index that both engines have serves this,
/// so each page reads a window of the table and no more.
pub(super) async fn find(
    doorward: &Doorward,
    wanted: &Wanted,
    part: &str,
    after: Option<Place>,
    limit: u64,
) -> Result<(Vec<User>, Option<Place>), Error> {
    if wanted.descending {
        return Err(Error::field("sort", FieldProblem::NotAllowed));
    }
    let reads = doorward.database().reads();
    let after = after.map(|place| place.id);
    let window_end = ids_after(after)
        .select_only()
        .column(Column::Id)
        .order_by_asc(Column::Id)
        .offset(SCANNED - 1)
        .limit(1)
        .into_tuple::<UserId>()
        .one(reads)
        .await?;
    let pattern = LikeExpr::new(format!("%{}%", literal(part))).escape('\\');
    let mut query = filtered(wanted, doorward.now()).filter(
        Condition::any()
            .add(Expr::col((Entity, Column::UsernameKey)).like(pattern.clone()))
            .add(Expr::col((Entity, Column::EmailKey)).like(pattern)),
    );
    if let Some(after) = after {
        query = query.filter(id_of(wanted).gt(after));
    }
    if let Some(end) = window_end {
        query = query.filter(id_of(wanted).lte(end));
    }
    let found = query.order_by_asc(id_of(wanted)).limit(limit + 1).all(reads).await?;
    let (users, last) = cut(found, limit);
    Ok((users, last.or(window_end).map(Place::at)))
}

/// A pattern of LIKE that means just this text.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
