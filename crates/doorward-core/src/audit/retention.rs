use sea_orm::{QueryOrder, QuerySelect, entity::prelude::*};
use subtle::ConstantTimeEq as _;

use super::{
    Anchor, AuditStream, Column, Entity, StreamColumn, Streams, append_within,
    chain::{Link, follow},
};
use crate::{
    Doorward, Error,
    database::StoredTime,
    event::{Event, EventKind},
};

const DAY: i64 = 24 * 60 * 60;
/// Rows deleted in one transaction: others wait for it.
const BATCH: u64 = 1_000;

/// Deletes rows that are older than `audit.retention_days`, under a sealed checkpoint: the chain goes on
/// from there, and who only has the database can't make one. Answers how many rows there were. A chain
/// that is broken keeps its rows: deleting them would hide it.
pub async fn delete_outdated(doorward: &Doorward) -> Result<u64, Error> {
    let days = i64::from(doorward.settings().audit.retention_days);
    if days == 0 {
        return Ok(0);
    }
    let kept_from = doorward.now().plus_seconds(-days * DAY);
    let reads = doorward.database().reads();
    let heads = Streams::find().order_by_asc(StreamColumn::Stream).all(reads).await?;
    let mut deleted = 0;
    for head in heads {
        let oldest = Entity::find()
            .filter(Column::Stream.eq(head.stream))
            .filter(Column::Sequence.gt(head.checkpoint))
            .order_by_asc(Column::Sequence)
            .one(reads)
            .await?;
        // A day's worth at a time: each checkpoint is a row of the audit itself.
        if oldest.is_none_or(|oldest| oldest.at >= kept_from.plus_seconds(-DAY)) {
            continue;
        }
        loop {
            let rows = shorten(doorward, head.stream, kept_from).await?;
            deleted += rows;
            if rows < BATCH {
                break;
            }
        }
    }
    Ok(deleted)
}

async fn shorten(doorward: &Doorward, stream: i32, kept_from: StoredTime) -> Result<u64, Error> {
    let transaction = doorward.database().begin().await?;
    let Some(head) = Streams::find_by_id(stream).lock_exclusive().one(&transaction).await? else { return Ok(0) };
    let rows = Entity::find()
        .filter(Column::Stream.eq(stream))
        .filter(Column::Sequence.gt(head.checkpoint))
        .order_by_asc(Column::Sequence)
        .limit(BATCH)
        .all(&transaction)
        .await?;
    let count = rows.iter().take_while(|row| row.at < kept_from).count();
    let Some(last) = rows.get(..count).and_then(<[_]>::last) else { return Ok(0) };
    let mut link = Link { sequence: head.checkpoint, hash: head.checkpoint_hash.clone() };
    let followed = follow(&mut link, &rows[..count]);
    if followed.is_err() || !is_sealed(doorward, &head) {
        metrics::counter!("doorward_audit_broken_total").increment(1);
        tracing::error!(stream, "a chain of the audit is broken, and keeps its old rows: `doorward audit verify`");
        return Ok(0);
    }
    let seal = doorward.seal().tag("audit checkpoint", &sealed_bytes(stream, last.sequence, &last.hash)).to_vec();
    Entity::delete_many()
        .filter(Column::Stream.eq(stream))
        .filter(Column::Sequence.lte(last.sequence))
        .exec(&transaction)
        .await?;
    Streams::update_many()
        .col_expr(StreamColumn::Checkpoint, Expr::value(last.sequence))
        .col_expr(StreamColumn::CheckpointHash, Expr::value(last.hash.clone()))
        .col_expr(StreamColumn::CheckpointSeal, Expr::value(seal))
        .filter(StreamColumn::Stream.eq(stream))
        .exec(&transaction)
        .await?;
    let anchor = Anchor { stream, sequence: last.sequence, hash: last.hash.clone() };
    let event = Event::of_nobody(EventKind::AuditCheckpoint).with("rows", count).with("anchor", anchor.to_string());
    let recorded = append_within(doorward, &transaction, event, doorward.now()).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(count as u64)
}

/// Whether the chain begins at its first row, or where retention has sealed that it does.
pub(super) fn is_sealed(doorward: &Doorward, head: &AuditStream) -> bool {
    if head.checkpoint == 0 {
        return head.checkpoint_hash.is_empty() && head.checkpoint_seal.is_none();
    }
    let bytes = sealed_bytes(head.stream, head.checkpoint, &head.checkpoint_hash);
    let wanted = doorward.seal().tag("audit checkpoint", &bytes);
    head.checkpoint_seal.as_deref().is_some_and(|seal| seal.ct_eq(&wanted).into())
}

fn sealed_bytes(stream: i32, sequence: i64, hash: &[u8]) -> Vec<u8> {
    [&stream.to_be_bytes()[..], &sequence.to_be_bytes(), hash].concat()
}
