use sea_orm::{
    QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _},
};

use super::{
    Place, Wanted,
    query::{EMAIL, USERNAME, filtered},
};
use crate::{
    Doorward, Error,
    database::{LenientText, in_byte_order},
    user::{Column, Entity, User},
};

/// A page of those whose name or address begins with `prefix`, in the order of what begins so. Both are
/// read from their own index, up to a page each, and merged: joined by OR, a database may read them all.
pub(super) async fn find(
    doorward: &Doorward,
    wanted: &Wanted,
    prefix: &str,
    after: Option<Place>,
    limit: u64,
) -> Result<(Vec<User>, Option<Place>), Error> {
    let after = after.map(|place| (place.text.unwrap_or_default(), place.id));
    let mut candidates = Vec::new();
    // Up to where both lists are known: beyond the end of a full one may stand more.
    let mut known_to = None::<Position>;
    for (expression, read) in [
        (USERNAME, (|user: &User| user.username_key.clone()) as fn(&User) -> Option<LenientText>),
        (EMAIL, |user: &User| user.email_key.clone()),
    ] {
        let found = beginning_with(doorward, wanted, (expression, prefix), after.as_ref(), limit).await?;
        if found.len() as u64 > limit
            && let Some(last) = found.last()
        {
            let end = (read(last).map(|key| key.0).unwrap_or_default(), last.id);
            known_to = Some(known_to.map_or_else(|| end.clone(), |known| known.min(end.clone())));
        }
        candidates.extend(found);
    }
    let mut placed: Vec<(Position, User)> = candidates
        .into_iter()
        .filter_map(|user| Some((first_match(&user, prefix)?, user)))
        // Who was shown by the name is not shown again by the address.
        .filter(|(position, _)| after.as_ref().is_none_or(|after| position > after))
        .filter(|(position, _)| known_to.as_ref().is_none_or(|known| position <= known))
        .collect();
    placed.sort_by(|(one, _), (other, _)| one.cmp(other));
    placed.dedup_by(|(one, _), (other, _)| one == other);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let cut = placed.len() > limit;
    placed.truncate(limit);
    let end = if cut { placed.last().map(|(position, _)| position.clone()) } else { known_to };
    let next = end.map(|(text, id)| Place { text: Some(text), ..Place::at(id) });
    Ok((placed.into_iter().map(|(_, user)| user).collect(), next))
}

/// The text that was found, and whose.
type Position = (String, crate::database::UserId);

async fn beginning_with(
    doorward: &Doorward,
    wanted: &Wanted,
    (expression, prefix): (&'static str, &str),
    after: Option<&Position>,
    limit: u64,
) -> Result<Vec<User>, Error> {
    let reads = doorward.database().reads();
    let key = in_byte_order(reads, expression);
    let id = || Expr::col((Entity, Column::Id));
    let mut query = filtered(wanted, doorward.now());
    query = match after {
        Some((text, last)) => {
            let place = Expr::tuple([Expr::value(text.as_str()), Expr::value(*last)]);
            // SQLite seeks in an index of an expression by the plain comparison only.
            query.filter(key.clone().gte(text.as_str())).filter(Expr::tuple([key.clone(), id()]).gt(place))
        }
        None => query.filter(key.clone().gte(prefix)),
    };
    if let Some(end) = end_of(prefix) {
        query = query.filter(key.clone().lt(end));
    }
    let query = query.order_by_asc(key).order_by_asc(id()).limit(limit + 1);
    Ok(query.all(reads).await?)
}

/// Where the user stands: by the name or by the address, whichever comes first.
fn first_match(user: &User, prefix: &str) -> Option<Position> {
    let matching = |key: &Option<LenientText>| key.as_deref().filter(|key| key.starts_with(prefix)).map(str::to_owned);
    let keys = [matching(&user.username_key), matching(&user.email_key)];
    keys.into_iter().flatten().min().map(|key| (key, user.id))
}

/// The least text that is greater than every text with this prefix, by bytes; none where there is none.
fn end_of(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // The order of UTF-8's bytes is the order of characters.
        let mut above = (last..=char::MAX).skip(1);
        if let Some(next) = above.next() {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_the_next_character() {
        for (prefix, end) in [
            ("a", Some("b")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(end_of(prefix).as_deref(), end, "{prefix:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_in_the_range_just_if_it_begins_so(prefix in "\\PC{1,3}", text in "\\PC{0,6}") {
            let end = end_of(&prefix);
            let text = if text.len() % 2 == 0 { format!("{prefix}{text}") } else { text };
            let in_range = text.as_str() >= prefix.as_str() && end.is_none_or(|end| text < end);
            prop_assert_eq!(in_range, text.starts_with(&prefix));
        }
    }
}
