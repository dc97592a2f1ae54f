use sea_orm::{Condition, ConnectionTrait, QueryOrder, QuerySelect, entity::prelude::*};

use super::{
    AuditEvent, AuditStream, Column, Entity, StreamColumn, Streams,
    anchor::Anchor,
    chain::{Broken, Fault, Link, follow},
    retention::is_sealed,
};
use crate::{Doorward, Error, database::DatabaseFailure};

/// Rows read at a time: memory stays the same however many there are.
const PAGE: u64 = 500;
/// How often a chain is followed anew that retention has shortened meanwhile.
const TRIES: u32 = 5;

/// What came of verifying the audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows that were followed.
    pub rows: u64,
    /// Chains that were followed.
    pub streams: u64,
    /// The first row of each chain that is not what was appended. Empty: all is as it was written.
    pub broken: Vec<Broken>,
    /// Anchors whose rows retention has deleted since, so that they say nothing any more.
    pub outdated_anchors: u64,
}

/// Follows every chain from its checkpoint to its end, and compares it with hashes that were kept
/// elsewhere. Rows may be appended meanwhile.
pub async fn verify(doorward: &Doorward, anchors: &[Anchor]) -> Result<Report, Error> {
    let reads = doorward.database().reads();
    let mut report = Report::default();
    for stream in streams_there(reads, anchors).await? {
        report.streams += 1;
        let mut outcome = verify_stream(doorward, stream, &mut report.rows).await?;
        for _ in 1..TRIES {
            if !matches!(outcome, Err(Interrupted)) {
                break;
            }
            outcome = verify_stream(doorward, stream, &mut report.rows).await?;
        }
        let broken = match outcome {
            Ok(broken) => broken,
            Err(Interrupted) => return Err(Error::Busy { retry_after: 1 }),
        };
        let broken = match broken {
            Some(broken) => Some(broken),
            None => compare(reads, stream, anchors, &mut report.outdated_anchors).await?,
        };
        report.broken.extend(broken);
    }
    Ok(report)
}

/// Retention deleted rows of the chain while it was followed.
struct Interrupted;

async fn streams_there(reads: &impl ConnectionTrait, anchors: &[Anchor]) -> Result<Vec<i32>, Error> {
    let mut streams: Vec<i32> =
        Streams::find().select_only().column(StreamColumn::Stream).into_tuple().all(reads).await?;
    // Chains without a row of their own are what somebody left of them.
    for stream in 0..i32::try_from(super::STREAMS).unwrap_or(i32::MAX) {
        if !streams.contains(&stream)
            && Entity::find().filter(Column::Stream.eq(stream)).one(reads).await.map_or(true, |row| row.is_some())
        {
            streams.push(stream);
        }
    }
    streams.extend(anchors.iter().map(|anchor| anchor.stream));
    streams.sort_unstable();
    streams.dedup();
    Ok(streams)
}

async fn verify_stream(
    doorward: &Doorward,
    stream: i32,
    rows: &mut u64,
) -> Result<Result<Option<Broken>, Interrupted>, Error> {
    let reads = doorward.database().reads();
    let broken = |sequence, fault| Ok(Ok(Some(Broken { stream, sequence, fault })));
    let Some(head) = head_of(reads, stream).await? else {
        let first = Entity::find().filter(Column::Stream.eq(stream)).one(reads).await;
        return if matches!(first, Ok(None)) { Ok(Ok(None)) } else { broken(0, Fault::Head) };
    };
    if head.checkpoint < 0 || head.sequence < head.checkpoint {
        return broken(head.sequence, Fault::Head);
    }
    if !is_sealed(doorward, &head) {
        return broken(head.checkpoint + 1, Fault::Checkpoint);
    }
    let mut link = Link { sequence: head.checkpoint, hash: head.checkpoint_hash.clone() };
    let found = loop {
        let page = match page_after(reads, &link, stream, head.sequence).await {
            Ok(page) => page,
            Err(Unread::Row(sequence)) => break Some(Broken { stream, sequence, fault: Fault::Changed }),
            Err(Unread::Database(error)) => return Err(error),
        };
        *rows += page.len() as u64;
        if let Err(broken) = follow(&mut link, &page) {
            break Some(broken);
        }
        if (page.len() as u64) < PAGE {
            break end_of(&head, &link);
        }
    };
    let now = head_of(reads, stream).await?;
    if found.is_some() && now.as_ref().map(|now| now.checkpoint) != Some(head.checkpoint) {
        return Ok(Err(Interrupted));
    }
    let end = now.map_or(head.sequence, |now| now.sequence);
    if found.is_none() {
        let beyond = Entity::find()
            .filter(Column::Stream.eq(stream))
            .filter(Condition::any().add(Column::Sequence.gt(end)).add(Column::Sequence.lte(head.checkpoint)))
            .select_only()
            .column(Column::Sequence)
            .order_by_asc(Column::Sequence)
            .into_tuple::<i64>()
            .one(reads)
            .await?;
        // One that was appended between the two looks is none: the head tells of it by now.
        if let Some(sequence) = beyond {
            let head = head_of(reads, stream).await?;
            if head.is_none_or(|head| sequence > head.sequence || sequence <= head.checkpoint) {
                return broken(sequence, Fault::Added);
            }
        }
    }
    Ok(Ok(found))
}

fn end_of(head: &AuditStream, link: &Link) -> Option<Broken> {
    let broken = |sequence, fault| Some(Broken { stream: head.stream, sequence, fault });
    if link.sequence < head.sequence {
        return broken(link.sequence + 1, Fault::CutOff);
    }
    if link.hash != head.hash {
        // The last row was changed together with its hash, or the head was.
        return broken(link.sequence, Fault::Changed);
    }
    None
}

async fn head_of(reads: &impl ConnectionTrait, stream: i32) -> Result<Option<AuditStream>, Error> {
    Ok(Streams::find_by_id(stream).one(reads).await?)
}

enum Unread {
    /// The row of this number holds what its columns can't.
    Row(i64),
    Database(Error),
}

async fn page_after(
    reads: &impl ConnectionTrait,
    link: &Link,
    stream: i32,
    last: i64,
) -> Result<Vec<AuditEvent>, Unread> {
    let read = async |after: i64, limit: u64| {
        Entity::find()
            .filter(Column::Stream.eq(stream))
            .filter(Column::Sequence.gt(after))
            .filter(Column::Sequence.lte(last))
            .order_by_asc(Column::Sequence)
            .limit(limit)
            .all(reads)
            .await
            .map_err(DatabaseFailure::from)
    };
    match read(link.sequence, PAGE).await {
        Ok(rows) => return Ok(rows),
        Err(failure) if failure.is_unavailable() => return Err(Unread::Database(failure.into())),
        Err(_) => {}
    }
    // One row of the page can't be read: SQLite lets a cell hold anything. The ones before it can.
    let mut rows: Vec<AuditEvent> = Vec::new();
    loop {
        let after = rows.last().map_or(link.sequence, |row| row.sequence);
        match read(after, 1).await {
            Ok(mut one) => match one.pop() {
                Some(row) => rows.push(row),
                None => return Ok(rows),
            },
            Err(failure) if failure.is_unavailable() => return Err(Unread::Database(failure.into())),
            Err(_) if rows.is_empty() => return Err(Unread::Row(after + 1)),
            // They are followed first: what is wrong with them comes before.
            Err(_) => {
                let mut followed = link.clone();
                return match follow(&mut followed, &rows) {
                    Ok(()) => Err(Unread::Row(after + 1)),
                    Err(_) => Ok(rows),
                };
            }
        }
    }
}

/// Whether the rows whose hashes were kept elsewhere are still those.
async fn compare(
    reads: &impl ConnectionTrait,
    stream: i32,
    anchors: &[Anchor],
    outdated: &mut u64,
) -> Result<Option<Broken>, Error> {
    let head = head_of(reads, stream).await?;
    let (end, checkpoint) = head.as_ref().map_or((0, 0), |head| (head.sequence, head.checkpoint));
    let mut ours: Vec<&Anchor> = anchors.iter().filter(|anchor| anchor.stream == stream).collect();
    ours.sort_by_key(|anchor| anchor.sequence);
    for anchor in ours {
        let broken = |sequence, fault| Ok(Some(Broken { stream, sequence, fault }));
        if anchor.sequence < checkpoint {
            *outdated += 1;
        } else if anchor.sequence > end {
            return broken(end + 1, Fault::CutOff);
        } else {
            let hash = if anchor.sequence == checkpoint {
                head.as_ref().map(|head| head.checkpoint_hash.clone())
            } else {
                Entity::find_by_id((stream, anchor.sequence)).one(reads).await?.map(|row| row.hash)
            };
            if hash.as_deref() != Some(&anchor.hash[..]) {
                return broken(anchor.sequence, Fault::Anchor);
            }
        }
    }
    Ok(None)
}
