use std::io::Write;

use serde_json::{Value, json};

use super::{
    AuditEvent,
    list::{Filter, Place, rows},
};
use crate::{Doorward, Error};

/// Rows read at a time.
const PAGE: u64 = 500;
const COLUMNS: [&str; 10] =
    ["stream", "sequence", "at", "kind", "user_id", "actor", "actor_id", "address", "request_id", "details"];

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object on each line.
    Ndjson,
    /// RFC 4180, with a line of names. A cell that a spreadsheet would compute begins with an apostrophe.
    Csv,
}

/// The row as JSON, without its hash.
pub fn to_json(row: &AuditEvent) -> Value {
    json!({
        "stream": row.stream,
        "sequence": row.sequence,
        "at": row.at.rfc3339(),
        "kind": row.kind,
        "user_id": row.user_id,
        "actor": row.actor,
        "actor_id": row.actor_id,
        "address": row.address,
        "request_id": row.request_id,
        "details": serde_json::from_str::<Value>(&row.details).unwrap_or(Value::Null),
    })
}

/// Writes the rows in the order of time, a page at a time. Answers how many.
///
/// # Errors
/// Those of the database, and [`Error::Internal`] where it can't be written.
pub async fn export(doorward: &Doorward, filter: &Filter, format: Format, mut into: impl Write) -> Result<u64, Error> {
    let failed = |error: std::io::Error| Error::Internal(format!("the export can't be written: {error}"));
    if format == Format::Csv {
        into.write_all(&line(COLUMNS.map(str::to_owned))?).map_err(failed)?;
    }
    let (mut beyond, mut count) = (None, 0);
    loop {
        let page = rows(doorward.database().reads(), filter, beyond, false, PAGE).await?;
        for row in &page {
            let text = match format {
                Format::Ndjson => format!("{}\n", to_json(row)).into_bytes(),
                Format::Csv => line(cells(row))?,
            };
            into.write_all(&text).map_err(failed)?;
        }
        count += page.len() as u64;
        beyond = page.last().map(Place::of);
        if (page.len() as u64) < PAGE {
            into.flush().map_err(failed)?;
            return Ok(count);
        }
    }
}

fn cells(row: &AuditEvent) -> [String; 10] {
    let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    [
        row.stream.to_string(),
        row.sequence.to_string(),
        row.at.rfc3339(),
        harmless(&row.kind),
        row.user_id.map(|id| id.to_string()).unwrap_or_default(),
        harmless(&row.actor),
        row.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        text(&row.address),
        text(&row.request_id),
        harmless(&row.details),
    ]
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn line(cells: [String; 10]) -> Result<Vec<u8>, Error> {
    let failed = |error: String| Error::Internal(format!("a line of CSV can't be made: {error}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f4_no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("{\"a\":\"=1\"}"), "{\"a\":\"=1\"}");
    }
}
