use std::{io::Write, path::Path};

use doorward_core::{
    Doorward,
    audit::{self, Anchor, AuditEvent, Broken, Fault, Filter, Format},
    database::StoredTime,
    user,
};
use serde_json::json;

use super::{CommandError, Context, Outcome, exit::Exit, output};
use crate::arguments::{AuditCommand, AuditFilter, ExportFormat};

pub(super) async fn run(command: AuditCommand, context: Context) -> Outcome {
    let doorward = context.open().await?;
    let exit = match command {
        AuditCommand::Verify { anchor } => verify(&doorward, anchor.as_deref(), context.json).await?,
        AuditCommand::Tail { filter, limit, follow } => tail(&doorward, &filter, limit, follow, context.json).await?,
        AuditCommand::Export { filter, format } => {
            let filter = read(&doorward, &filter).await?;
            let format = match format {
                ExportFormat::Ndjson => Format::Ndjson,
                ExportFormat::Csv => Format::Csv,
            };
            let into = std::io::BufWriter::new(std::io::stdout());
            audit::export(&doorward, &filter, format, Quiet(into)).await?;
            Exit::Done
        }
        AuditCommand::Anchor => {
            let anchors = audit::anchors(&doorward).await?;
            if context.json {
                let lines: Vec<_> = anchors.iter().map(ToString::to_string).collect();
                output::print_json(&json!({"anchors": lines}));
            } else {
                anchors.iter().for_each(|anchor| output::print(&anchor.to_string()));
            }
            Exit::Done
        }
    };
    doorward.close().await;
    Ok(exit)
}

async fn verify(doorward: &Doorward, file: Option<&Path>, json: bool) -> Outcome {
    let anchors = file.map_or_else(|| Ok(Vec::new()), read_anchors)?;
    let report = audit::verify(doorward, &anchors).await?;
    if json {
        let broken: Vec<_> = report
            .broken
            .iter()
            .map(|it| json!({"stream": it.stream, "sequence": it.sequence, "fault": it.fault.name()}))
            .collect();
        output::print_json(&json!({
            "rows": report.rows,
            "streams": report.streams,
            "broken": broken,
            "outdated_anchors": report.outdated_anchors,
        }));
    } else {
        for broken in &report.broken {
            output::print(&format!("stream {}: {}", broken.stream, in_words(*broken)));
        }
        if report.outdated_anchors > 0 {
            output::print(&format!("{} anchor(s) are older than what is kept.", report.outdated_anchors));
        }
        if report.broken.is_empty() {
            output::print(&format!("Good: {} row(s) in {} stream(s).", report.rows, report.streams));
        }
    }
    Ok(if report.broken.is_empty() { Exit::Done } else { Exit::Faults })
}

fn in_words(Broken { sequence, fault, .. }: Broken) -> String {
    match fault {
        Fault::Changed => format!("row {sequence} was changed"),
        Fault::Removed => format!("row {sequence} was removed"),
        Fault::Moved(from) => format!("row {sequence} was reordered: it was appended as row {from}"),
        Fault::CutOff => format!("the end was cut off, from row {sequence} on"),
        Fault::Added => format!("row {sequence} stands where none was appended"),
        Fault::Head => "its row in audit_streams is missing or impossible".to_owned(),
        Fault::Checkpoint => format!("the rows before {sequence} are gone, and no seal of this installation says why"),
        Fault::Anchor => format!("row {sequence} or one before it was rewritten since the anchor"),
        _ => format!("row {sequence}: {}", fault.name()),
    }
}

fn read_anchors(file: &Path) -> Result<Vec<Anchor>, CommandError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::usage(format!("{} can't be read: {error}", file.display())))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let anchors: Result<Vec<Anchor>, _> = lines.map(str::parse).collect();
    match anchors {
        Ok(anchors) if anchors.is_empty() => Err(CommandError::usage(format!("{} holds no anchor", file.display()))),
        Ok(anchors) => Ok(anchors),
        Err(form) => Err(CommandError::usage(format!("{}: {form}", file.display()))),
    }
}

async fn tail(doorward: &Doorward, filter: &AuditFilter, limit: u64, follow: bool, json: bool) -> Outcome {
    let filter = read(doorward, filter).await?;
    let reads = doorward.database().reads();
    let mut rows = audit::rows(reads, &filter, None, true, limit).await?;
    rows.reverse();
    let mut shown = rows.last().map(audit::Place::of);
    rows.iter().for_each(|row| show(row, json));
    if !follow {
        return Ok(Exit::Done);
    }
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
            () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
        }
        let rows = audit::rows(reads, &filter, shown, false, audit::MOST).await?;
        rows.iter().for_each(|row| show(row, json));
        shown = rows.last().map(audit::Place::of).or(shown);
    }
}

fn show(row: &AuditEvent, json: bool) {
    if json {
        output::print(&audit::to_json(row).to_string());
        return;
    }
    let number = |id: Option<doorward_core::database::UserId>| id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let text = |text: &Option<String>| output::plain(text.as_deref().unwrap_or("-"));
    output::print(&format!(
        "{}  {}  user={} by={}:{} from={} request={} {}",
        output::time(row.at),
        output::plain(&row.kind),
        number(row.user_id),
        output::plain(&row.actor),
        number(row.actor_id),
        text(&row.address),
        text(&row.request_id),
        output::plain(&row.details),
    ));
}

async fn read(doorward: &Doorward, given: &AuditFilter) -> Result<Filter, CommandError> {
    let user = match &given.user {
        Some(named) => Some(named_user(doorward, named).await?),
        None => None,
    };
    Ok(Filter {
        user,
        actor: None,
        kind: given.kind.clone(),
        since: given.since.as_deref().map(time).transpose()?,
        until: given.until.as_deref().map(time).transpose()?,
    })
}

/// Also one who is deleted, by the id: the audit outlives users.
async fn named_user(doorward: &Doorward, named: &str) -> Result<doorward_core::database::UserId, CommandError> {
    match (user::find_named(doorward.database().reads(), named).await, named.parse()) {
        (Ok(user), _) => Ok(user.id),
        (Err(doorward_core::Error::UserNotFound), Ok(id)) => Ok(doorward_core::database::UserId(id)),
        (Err(error), _) => Err(error.into()),
    }
}

fn time(text: &str) -> Result<StoredTime, CommandError> {
    let parsed = chrono::DateTime::parse_from_rfc3339(text);
    let parsed = parsed.map_err(|_| {
        CommandError::usage(format!("`{}` is no time such as 2026-01-31T00:00:00Z", output::plain(text)))
    })?;
    Ok(StoredTime::new(parsed.to_utc()))
}

/// A reader that has gone away is no failure.
struct Quiet<W>(W);

impl<W: Write> Write for Quiet<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            other => other,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}
