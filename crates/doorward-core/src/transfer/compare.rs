use std::cmp::Ordering;

use crate::database::{
    DatabaseFailure,
    transfer::{Cell, Link, Pages, Row, TransferTable, rows_of},
};

/// Keys at which two databases differ that are looked at again; more are no coincidence.
pub(super) const MOST_DIFFERENCES: usize = 50_000;

/// The keys of the rows that are in one of both only, or not the same in both; each within its own [`Link::begin_reading`].
pub(super) async fn differences(
    source: &mut Link,
    target: &mut Link,
    here: &TransferTable,
    there: &TransferTable,
) -> Result<Vec<Row>, DatabaseFailure> {
    let mut differing = Vec::new();
    let (mut ours, mut theirs) = (Stream::new(source, here), Stream::new(target, there));
    let (mut left, mut right) = (ours.next().await?, theirs.next().await?);
    while differing.len() < MOST_DIFFERENCES {
        let order = match (&left, &right) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => by_key(&here.key_of(one), &there.key_of(other)),
        };
        if order == Ordering::Greater {
            differing.extend(right.as_ref().map(|row| there.key_of(row)));
        } else if order == Ordering::Less || left != right {
            differing.extend(left.as_ref().map(|row| here.key_of(row)));
        }
        if order != Ordering::Greater {
            left = ours.next().await?;
        }
        if order != Ordering::Less {
            right = theirs.next().await?;
        }
    }
    Ok(differing)
}

/// Of these keys, those whose rows aren't the same in both.
pub(super) async fn still_differing(
    source: &mut Link,
    target: &mut Link,
    here: &TransferTable,
    there: &TransferTable,
    keys: &[Row],
) -> Result<Vec<Row>, DatabaseFailure> {
    let mut differing = Vec::new();
    for keys in keys.chunks(200) {
        let (ours, theirs) = (rows_of(source, here, keys).await?, rows_of(target, there, keys).await?);
        let row = |rows: &[Row], key: &Row| rows.iter().find(|row| here.key_of(row) == *key).cloned();
        differing.extend(keys.iter().filter(|key| row(&ours, key) != row(&theirs, key)).cloned());
    }
    Ok(differing)
}

struct Stream<'a> {
    pages: Pages<'a>,
    page: std::vec::IntoIter<Row>,
}

impl<'a> Stream<'a> {
    fn new(link: &'a mut Link, table: &'a TransferTable) -> Self {
        Self { pages: Pages::new(link, table, None), page: Vec::new().into_iter() }
    }

    async fn next(&mut self) -> Result<Option<Row>, DatabaseFailure> {
        if let Some(row) = self.page.next() {
            return Ok(Some(row));
        }
        self.page = self.pages.next().await?.into_iter();
        Ok(self.page.next())
    }
}

/// The order in which both engines give rows: by number, or by bytes.
fn by_key(one: &Row, other: &Row) -> Ordering {
    let cell = |pair: (&Cell, &Cell)| match pair {
        (Cell::Integer(one), Cell::Integer(other)) => one.cmp(other),
        (Cell::Text(one), Cell::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
        (Cell::Bytes(one), Cell::Bytes(other)) => one.cmp(other),
        _ => Ordering::Equal,
    };
    one.iter().zip(other).map(cell).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
