use std::time::Duration;

use sea_orm::{
    Condition, ExprTrait as _, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{LockBehavior, LockType},
};
use serde_json::{Map, Value};

use super::{
    Column, Entity, OutboxRow, Template,
    compose::compose,
    enqueue::seal_name,
    transport::{Failure, Sent},
};
use crate::{
    Doorward, Error, audit,
    database::StoredTime,
    event::{Event, EventKind},
    random_bytes,
    settings::Profile,
};

/// For how long after the time limit nobody else sends a mail, in seconds: to mark it as sent.
const MARGIN_SECONDS: i64 = 60;
/// The pauses between attempts to mark a mail as sent, in seconds. Within the margin.
const MARK_AGAIN: [u64; 6] = [0, 1, 2, 4, 8, 16];
/// The pause after the first failure, in seconds; it doubles.
const FIRST_PAUSE: i64 = 30;
/// The longest pause.
const LONGEST_PAUSE: i64 = 60 * 60;
/// How long mails that are over stay to be looked at.
const REMEMBER_SECONDS: i64 = 30 * 24 * 60 * 60;
/// What fits into `last_error`.
const MAX_ERROR_CHARACTERS: usize = 500;

/// Sends what is due, again and again.
pub(crate) async fn deliver(doorward: &Doorward) {
    loop {
        if let Err(error) = deliver_due(doorward).await {
            tracing::warn!(%error, "the outbox can't be read; it is tried again");
        }
        doorward.outbox().wait().await;
    }
}

/// Sends every mail that is due now, a few at once. Answers how many were tried.
///
/// The attempts go on where the caller stops waiting.
pub async fn deliver_due(doorward: &Doorward) -> Result<u64, Error> {
    let mut tried = 0;
    loop {
        let rows = lease(doorward).await?;
        if rows.is_empty() {
            return Ok(tried);
        }
        tried += rows.len() as u64;
        let mut attempts = Vec::new();
        for row in rows {
            let doorward = doorward.clone();
            let Ok(slot) = doorward.outbox().slots.clone().acquire_owned().await else { return Ok(tried) };
            attempts.push(tokio::spawn(async move {
                attempt(&doorward, row).await;
                drop(slot);
            }));
        }
        for attempt in attempts {
            if let Err(error) = attempt.await {
                tracing::error!(%error, "sending a mail panicked; it is tried again");
            }
        }
    }
}

/// Neither sent nor given up, due, and nobody is sending it.
fn is_waiting(now: StoredTime) -> Condition {
    Condition::all()
        .add(Column::SentAt.is_null())
        .add(Column::FailedAt.is_null())
        .add(Column::DueAt.lte(now))
        .add(Condition::any().add(Column::LeasedUntil.is_null()).add(Column::LeasedUntil.lte(now)))
}

/// Takes some mails that are due, so that no other replica sends them.
async fn lease(doorward: &Doorward) -> Result<Vec<OutboxRow>, Error> {
    let now = doorward.now();
    let most = u64::from(doorward.outbox().parallel());
    let due = || {
        Entity::find().select_only().column(Column::Id).filter(is_waiting(now)).order_by_asc(Column::DueAt).limit(most)
    };
    // Most of the time there is nothing, and no write has to be begun for that.
    if due().into_tuple::<i64>().one(doorward.database().reads()).await?.is_none() {
        return Ok(Vec::new());
    }
    let lease = random_bytes::<16>(doorward.randomness()).to_vec();
    let limit = i64::try_from(doorward.settings().mail.timeout_ms / 1_000).unwrap_or(i64::MAX / 2);
    let until = now.plus_seconds(limit + MARGIN_SECONDS);
    let transaction = doorward.database().begin().await?;
    let ids: Vec<i64> =
        due().lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).into_tuple().all(&transaction).await?;
    Entity::update_many()
        .col_expr(Column::Lease, Expr::value(lease.clone()))
        .col_expr(Column::LeasedUntil, Expr::value(until))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .filter(Column::Id.is_in(ids))
        .filter(is_waiting(now))
        .exec(&transaction)
        .await?;
    let rows = Entity::find().filter(Column::Lease.eq(lease)).order_by_asc(Column::Id).all(&transaction).await?;
    transaction.commit().await?;
    Ok(rows)
}

async fn attempt(doorward: &Doorward, row: OutboxRow) {
    let is_late = row.give_up_at <= doorward.now();
    let sent = if is_late {
        let words = row.last_error.clone().unwrap_or_else(|| "it waited for too long".to_owned());
        Err(Failure::forever(words))
    } else {
        send(doorward, &row).await
    };
    let noted = match sent {
        Ok(_) => mark_sent(doorward, &row).await,
        Err(failure) => mark_failed(doorward, &row, &failure).await,
    };
    if let Err(error) = noted {
        tracing::error!(%error, mail = row.id, "what became of a mail can't be written; it may be sent again");
    }
}

async fn send(doorward: &Doorward, row: &OutboxRow) -> Result<Sent, Failure> {
    let settings = doorward.settings();
    let (template, variables) = open(doorward, row)?;
    let rendered = doorward
        .outbox()
        .templates
        .render(template, &row.language, &settings.api.title, &variables)
        .map_err(|error| Failure::now(error.to_string()))?;
    let message = compose(settings, row, rendered).map_err(Failure::forever)?;
    let limit = Duration::from_millis(settings.mail.timeout_ms);
    let name = format!("{}-{}-{}", row.created_at.utc().format("%Y%m%dT%H%M%SZ"), row.template, row.id);
    let sent = doorward.outbox().transport.send(&message, &name, limit).await?;
    if let (Sent::Written(path), Profile::Development) = (&sent, settings.profile) {
        let text = |name| variables.get(name).and_then(Value::as_str).unwrap_or_default();
        tracing::info!(
            file = %path.display(), to = row.recipient, link = text("link"), code = text("code"),
            "a mail, as no `mail.smtp_url` is set"
        );
    }
    Ok(sent)
}

fn open(doorward: &Doorward, row: &OutboxRow) -> Result<(Template, Map<String, Value>), Failure> {
    let template =
        Template::named(&row.template).ok_or_else(|| Failure::now("this version of Doorward has no such template"))?;
    let sealed = row.sealed.as_deref().ok_or_else(|| Failure::forever("its content is gone"))?;
    let opened = doorward.seal().open_sealed(&seal_name(&row.message_id), sealed);
    let opened = opened.ok_or_else(|| Failure::forever("it was sealed under another key"))?;
    let variables = serde_json::from_slice(&opened).map_err(|_| Failure::forever("its content can't be read"))?;
    Ok((template, variables))
}

/// As often as the lease allows: a mail that can't be marked is sent a second time.
async fn mark_sent(doorward: &Doorward, row: &OutboxRow) -> Result<(), Error> {
    metrics::counter!("doorward_mails_total", "outcome" => "sent").increment(1);
    let mut last = Ok(());
    for pause in MARK_AGAIN {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        last = mark_sent_once(doorward, row).await;
        if last.is_ok() {
            break;
        }
    }
    last
}

async fn mark_sent_once(doorward: &Doorward, row: &OutboxRow) -> Result<(), Error> {
    let transaction = doorward.database().begin().await?;
    Entity::update_many()
        .col_expr(Column::SentAt, Expr::value(doorward.now()))
        .col_expr(Column::Sealed, Expr::value(None::<Vec<u8>>))
        .col_expr(Column::Lease, Expr::value(None::<Vec<u8>>))
        .col_expr(Column::LeasedUntil, Expr::value(None::<StoredTime>))
        .col_expr(Column::LastError, Expr::value(None::<String>))
        .filter(Column::Id.eq(row.id))
        .filter(Column::Lease.eq(row.lease.clone()))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

async fn mark_failed(doorward: &Doorward, row: &OutboxRow, failure: &Failure) -> Result<(), Error> {
    let now = doorward.now();
    let next = now.plus_seconds(pause_after(row.attempts));
    let gives_up = failure.is_final || next >= row.give_up_at;
    let words: String = failure
        .words
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(MAX_ERROR_CHARACTERS)
        .collect();
    let outcome = if gives_up { "given_up" } else { "failed" };
    metrics::counter!("doorward_mails_total", "outcome" => outcome).increment(1);
    tracing::warn!(
        mail = row.id,
        template = row.template,
        attempts = row.attempts,
        words,
        outcome,
        "a mail was not sent"
    );

    let transaction = doorward.database().begin().await?;
    let changed = Entity::update_many()
        .col_expr(Column::LastError, Expr::value(words))
        .col_expr(Column::Lease, Expr::value(None::<Vec<u8>>))
        .col_expr(Column::LeasedUntil, Expr::value(None::<StoredTime>))
        .col_expr(Column::DueAt, Expr::value(next))
        .col_expr(Column::FailedAt, Expr::value(gives_up.then_some(now)))
        .filter(Column::Id.eq(row.id))
        .filter(Column::Lease.eq(row.lease.clone()))
        .exec(&transaction)
        .await?;
    if !gives_up || changed.rows_affected == 0 {
        transaction.commit().await?;
        return Ok(());
    }
    let event = row
        .user_id
        .map_or_else(|| Event::of_nobody(EventKind::MailGivenUp), |user| Event::of(EventKind::MailGivenUp, user));
    let event = event.with("mail", row.id).with("template", row.template.as_str()).with("attempts", row.attempts);
    let recorded = audit::append_within(doorward, &transaction, event, now).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(())
}

/// Half a minute, and twice as long each time, up to an hour.
fn pause_after(attempts: i32) -> i64 {
    let doublings = (attempts - 1).clamp(0, 16);
    (FIRST_PAUSE << doublings).clamp(FIRST_PAUSE, LONGEST_PAUSE)
}

/// Deletes mails that were sent or given up long ago.
pub(crate) async fn delete_outdated(doorward: &Doorward) -> Result<(), Error> {
    let long_ago = doorward.now().plus_seconds(-REMEMBER_SECONDS);
    let transaction = doorward.database().begin().await?;
    Entity::delete_many()
        .filter(Column::CreatedAt.lt(long_ago))
        .filter(Condition::any().add(Column::SentAt.is_not_null()).add(Column::FailedAt.is_not_null()))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}
