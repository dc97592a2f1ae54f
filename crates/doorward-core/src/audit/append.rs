use sea_orm::{ActiveValue::Set, QuerySelect, entity::prelude::*, sea_query::OnConflict};
use sha2::{Digest, Sha256};

use super::{ActiveModel, AuditEvent, STREAMS, StreamActiveModel, StreamColumn, Streams, heads::Head};
use crate::{
    Doorward, Error,
    database::{StoredTime, Transaction},
    event::Event,
};

/// An event that stands in the audit as soon as its transaction is committed; then
/// `Doorward::announce` it.
#[derive(Debug)]
#[must_use = "announce it after the commit"]
pub struct Recorded(pub(crate) Event);

/// Appends `event` to its chain, in the transaction of what it tells. Appenders to one chain take turns
/// until they commit: call it late, before the revocations only.
pub async fn append_within(
    doorward: &Doorward,
    transaction: &Transaction,
    event: Event,
    now: StoredTime,
) -> Result<Recorded, Error> {
    let number = stream_of(&event);
    let caller = doorward.caller();
    let mut row = AuditEvent {
        stream: number,
        sequence: 0,
        at: now,
        kind: event.kind.name().to_owned(),
        user_id: event.user_id,
        actor: caller.actor.word().to_owned(),
        actor_id: caller.actor.user_id(),
        address: caller.client.address.map(|address| address.to_canonical().to_string()),
        request_id: caller.request_id.clone(),
        details: serde_json::Value::Object(event.details.clone()).to_string(),
        hash: Vec::new(),
    };
    let heads = doorward.audit_heads();
    let guessed = match heads.last_seen(number) {
        Some(head) => advance(transaction, &head, &mut row).await?,
        None => false,
    };
    if !guessed {
        let head = locked_head(transaction, number).await?;
        if !advance(transaction, &head, &mut row).await? {
            return Err(Error::Internal("a chain of the audit changed while it was locked".into()));
        }
    }
    heads.note(number, Head { sequence: row.sequence, hash: row.hash.clone() });
    let active = ActiveModel {
        stream: Set(row.stream),
        sequence: Set(row.sequence),
        at: Set(row.at),
        kind: Set(row.kind),
        user_id: Set(row.user_id),
        actor: Set(row.actor),
        actor_id: Set(row.actor_id),
        address: Set(row.address),
        request_id: Set(row.request_id),
        details: Set(row.details),
        hash: Set(row.hash),
    };
    super::Entity::insert(active).exec_without_returning(transaction).await?;
    Ok(Recorded(event))
}

/// Appends several, in the one order in which everybody takes their chains' turns.
pub async fn append_all_within(
    doorward: &Doorward,
    transaction: &Transaction,
    mut events: Vec<Event>,
    now: StoredTime,
) -> Result<Vec<Recorded>, Error> {
    events.sort_by_key(stream_of);
    let mut recorded = Vec::with_capacity(events.len());
    for event in events {
        recorded.push(append_within(doorward, transaction, event, now).await?);
    }
    Ok(recorded)
}

fn stream_of(event: &Event) -> i32 {
    let number = event.user_id.map_or(0, |id| id.0.rem_euclid(STREAMS));
    i32::try_from(number).unwrap_or_default()
}

/// Puts `row` after `head`, and says whether that is where the chain ended. The row at its end is held until
/// the transaction ends.
async fn advance(transaction: &Transaction, head: &Head, row: &mut AuditEvent) -> Result<bool, Error> {
    row.sequence = head.sequence + 1;
    row.hash = row_hash(&head.hash, row).to_vec();
    let moved = Streams::update_many()
        .col_expr(StreamColumn::Sequence, Expr::value(row.sequence))
        .col_expr(StreamColumn::Hash, Expr::value(row.hash.clone()))
        .filter(StreamColumn::Stream.eq(row.stream))
        .filter(StreamColumn::Sequence.eq(head.sequence))
        .filter(StreamColumn::Hash.eq(head.hash.clone()))
        .exec(transaction)
        .await?;
    Ok(moved.rows_affected == 1)
}

/// The chain's end, held until the transaction ends.
async fn locked_head(transaction: &Transaction, number: i32) -> Result<Head, Error> {
    let find = async || {
        let stream = Streams::find_by_id(number).lock_exclusive().one(transaction).await?;
        Ok::<_, Error>(stream.map(|stream| Head { sequence: stream.sequence, hash: stream.hash }))
    };
    if let Some(head) = find().await? {
        return Ok(head);
    }
    // The chain's first row. Two that begin it at once take turns on the key.
    let first = StreamActiveModel {
        stream: Set(number),
        sequence: Set(0),
        hash: Set(Vec::new()),
        checkpoint: Set(0),
        checkpoint_hash: Set(Vec::new()),
        checkpoint_seal: Set(None),
    };
    Streams::insert(first)
        .try_insert()
        .on_conflict(OnConflict::column(StreamColumn::Stream).do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    find().await?.ok_or_else(|| Error::Internal("a chain of the audit can't be begun".into()))
}

/// SHA-256 over the hash of the row before and every column, each with its length in front so that
/// no two rows are the same bytes.
pub fn row_hash(before: &[u8], row: &AuditEvent) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |bytes: Option<&[u8]>| match bytes {
        Some(bytes) => {
            hash.update((bytes.len() as u64 + 1).to_be_bytes());
            hash.update(bytes);
        }
        None => hash.update(0_u64.to_be_bytes()),
    };
    add(Some(before));
    add(Some(&row.stream.to_be_bytes()));
    add(Some(&row.sequence.to_be_bytes()));
    add(Some(&row.at.utc().timestamp_micros().to_be_bytes()));
    add(Some(row.kind.as_bytes()));
    add(row.user_id.map(|id| id.0.to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice));
    add(Some(row.actor.as_bytes()));
    add(row.actor_id.map(|id| id.0.to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice));
    add(row.address.as_deref().map(str::as_bytes));
    add(row.request_id.as_deref().map(str::as_bytes));
    add(Some(row.details.as_bytes()));
    hash.finalize().into()
}
