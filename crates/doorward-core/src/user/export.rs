use serde_json::{Value, json};

use super::{After, FoundPage, User, Wanted, find_page, find_page::MOST, roles_of_each};
use crate::{
    Doorward, Error, audit,
    database::StoredTime,
    event::{Event, EventKind},
};

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values (RFC 4180) with a head; a cell that a spreadsheet would take for a formula
    /// begins with `'`.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// An export on its way: a part at a time, so that it needs no more memory for a million users than for
/// a page.
#[derive(Debug)]
pub struct Export {
    doorward: Doorward,
    wanted: Wanted,
    format: ExportFormat,
    after: Option<After>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Begun,
    Going,
    Over,
}

/// The columns, in order. Nothing of a password.
const COLUMNS: [&str; 15] = [
    "id",
    "username",
    "email",
    "confirmed",
    "name",
    "location",
    "about_me",
    "member_since",
    "last_seen",
    "disabled",
    "disabled_at",
    "disabled_until",
    "disabled_reason",
    "service",
    "roles",
];

/// Begins an export, and writes to the audit that it was made.
pub async fn export(doorward: &Doorward, wanted: Wanted, format: ExportFormat) -> Result<Export, Error> {
    // What is wrong with the wish is told before anything is sent.
    find_page(doorward, &wanted, None, 1).await?;
    let transaction = doorward.database().begin().await?;
    let event = Event::of_nobody(EventKind::Exported).with("what", "users");
    let recorded = audit::append_within(doorward, &transaction, event, doorward.now()).await?;
    transaction.commit().await?;
    doorward.announce(&recorded);
    Ok(Export { doorward: doorward.clone(), wanted, format, after: None, state: State::Begun })
}

impl Export {
    /// The next part; `None` after the last.
    pub async fn next_part(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.state == State::Over {
            return Ok(None);
        }
        let head = self.state == State::Begun && self.format == ExportFormat::Csv;
        let FoundPage { users, next } = find_page(&self.doorward, &self.wanted, self.after.as_ref(), MOST).await?;
        let mut roles = roles_of_each(self.doorward.database().reads(), &users).await?;
        self.state = if next.is_some() { State::Going } else { State::Over };
        self.after = next.map(After::Cursor);
        let now = self.doorward.now();
        let rows = users.iter().map(|user| row(user, &roles.remove(&user.id).unwrap_or_default(), now));
        let part = match self.format {
            ExportFormat::Csv => csv_of(head, rows)?,
            ExportFormat::Ndjson => rows.flat_map(|row| format!("{}\n", Value::Object(row)).into_bytes()).collect(),
        };
        Ok(Some(part))
    }
}

fn row(user: &User, roles: &[String], now: StoredTime) -> serde_json::Map<String, Value> {
    let time = |time: Option<StoredTime>| time.map(StoredTime::rfc3339);
    let disabled = !user.is_enabled(now);
    let values = [
        json!(user.id),
        json!(user.username),
        json!(user.email),
        json!(user.confirmed.unwrap_or(false)),
        json!(user.name),
        json!(user.location),
        json!(user.about_me),
        json!(time(user.member_since)),
        json!(time(user.last_seen)),
        json!(disabled),
        json!(time(user.disabled_at)),
        json!(time(user.disabled_until)),
        json!(user.disabled_reason),
        json!(user.service.unwrap_or(false)),
        json!(roles),
    ];
    COLUMNS.iter().map(|name| (*name).to_owned()).zip(values).collect()
}

fn csv_of(head: bool, rows: impl Iterator<Item = serde_json::Map<String, Value>>) -> Result<Vec<u8>, Error> {
    let failed = |error: csv::Error| Error::Internal(error.to_string());
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if head {
        writer.write_record(COLUMNS).map_err(failed)?;
    }
    for row in rows {
        writer.write_record(COLUMNS.iter().map(|name| cell(&row[*name]))).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| Error::Internal(error.to_string()))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        Value::Array(items) => {
            let texts: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            harmless(&texts.join(" "))
        }
        other => other.to_string(),
    }
}

/// A text that no spreadsheet runs as a formula (CWE-1236): some look past spaces, and take the wide forms
/// for the narrow ones.
pub(crate) fn harmless(text: &str) -> String {
    let first = text.trim_start_matches([' ', '\u{a0}', '\u{3000}', '\u{feff}']).chars().next();
    let acts = matches!(
        first,
        Some(
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '|' | '%' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}'
        )
    );
    if acts { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f4_no_cell_begins_as_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u{ff1d}1", "\n=1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        for text in ["alice", "", "a=b", "'=1", "王小明"] {
            assert_eq!(harmless(text), text);
        }
    }
}
