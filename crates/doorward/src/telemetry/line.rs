//! One log line, in either format, that nobody outside can forge.
//!
//! tracing-subscriber's own formats escape ANSI sequences, but a line feed in a value begins a new
//! line there; and its JSON leaves the 8-bit control characters as they are.

use std::fmt::{self, Debug, Write};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Whether a character could move the cursor, end the line or turn the reading direction.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Writes text with its dangerous characters as Rust escapes.
struct Harmless<'a, W>(&'a mut W);

impl<W: Write> Write for Harmless<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_dangerous) {
            let (before, from) = rest.split_at(at);
            self.0.write_str(before)?;
            let mut characters = from.chars();
            for c in characters.by_ref().take(1) {
                write!(self.0, "{}", c.escape_default())?;
            }
            rest = characters.as_str();
        }
        self.0.write_str(rest)
    }
}

/// `2026-08-21T10:11:12.345678Z  INFO doorward::serve: message field=value request_id=…`
pub(super) struct PrettyLine;

/// ` field=value …`; a value that isn't one plain word is quoted.
pub(super) struct PrettyFields;

impl<S, N> FormatEvent<S, N> for PrettyLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (dim, colour, plain) = if writer.has_ansi_escapes() {
            ("\x1b[2m", colour(*event.metadata().level()), "\x1b[0m")
        } else {
            ("", "", "")
        };
        writer.write_str(dim)?;
        SystemTime.format_time(&mut writer)?;
        let level = event.metadata().level();
        let target = event.metadata().target();
        write!(writer, "{plain} {colour}{level:>5}{plain} {dim}{target}:{plain}")?;
        context.format_fields(writer.by_ref(), event)?;
        for span in context.event_scope().into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                writer.write_str(fields)?;
            }
        }
        writeln!(writer)
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[1;31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

impl<'writer> FormatFields<'writer> for PrettyFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = PrettyVisitor { writer, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        self.format_fields(current.as_writer(), fields)
    }
}

struct PrettyVisitor<'writer> {
    writer: Writer<'writer>,
    result: fmt::Result,
}

impl PrettyVisitor<'_> {
    fn write(&mut self, field: &Field, value: &str) -> fmt::Result {
        // Fields of the `log` crate's events, which say what the metadata says.
        if field.name().starts_with("log.") {
            return Ok(());
        }
        if field.name() == "message" {
            self.writer.write_char(' ')?;
            return Harmless(&mut self.writer).write_str(value);
        }
        let (dim, plain) = if self.writer.has_ansi_escapes() { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        write!(self.writer, " {dim}{}={plain}", field.name())?;
        let is_word = !value.is_empty()
            && value.chars().all(|c| c.is_alphanumeric() || (c.is_ascii_graphic() && !"\"\\=".contains(c)));
        if is_word { self.writer.write_str(value) } else { write!(Harmless(&mut self.writer), "{value:?}") }
    }
}

impl Visit for PrettyVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok() {
            self.result = self.write(field, value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// `{"timestamp":…,"level":…,"target":…,"message":…,…}`, see [`super::LogFormat::Json`].
pub(super) struct JsonLine;

/// The names that a field can't take from the line itself.
const RESERVED: [&str; 4] = ["timestamp", "level", "target", "span"];

impl<S> FormatEvent<S, JsonFields> for JsonLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Map::new();
        let mut innermost = None;
        // The outermost span first: what is nearer to the event is more exact.
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root) {
            innermost = Some(span.name());
            if let Some(recorded) = span.extensions().get::<FormattedFields<JsonFields>>()
                && let Ok(Value::Object(recorded)) = serde_json::from_str(recorded)
            {
                for (name, value) in recorded {
                    insert(&mut fields, &name, value);
                }
            }
        }
        event.record(&mut JsonVisitor(&mut fields));

        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let metadata = event.metadata();
        let mut line = String::with_capacity(256);
        write!(
            line,
            "{{\"timestamp\":\"{timestamp}\",\"level\":\"{}\",\"target\":{}",
            metadata.level(),
            Value::from(metadata.target()),
        )?;
        if let Some(message) = fields.remove("message") {
            write!(line, ",\"message\":{message}")?;
        }
        for (name, value) in fields {
            write!(line, ",{}:{value}", Value::from(name))?;
        }
        if let Some(name) = innermost {
            write!(line, ",\"span\":{}", Value::from(name))?;
        }
        line.push('}');

        // serde_json has escaped what JSON demands; the rest can only stand inside of strings, and
        // all of it is below U+10000, where one escape is enough.
        let mut rest = line.as_str();
        while let Some(at) = rest.find(is_dangerous) {
            let (before, from) = rest.split_at(at);
            writer.write_str(before)?;
            let mut characters = from.chars();
            for c in characters.by_ref().take(1) {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
            rest = characters.as_str();
        }
        writeln!(writer, "{rest}")
    }
}

fn insert(fields: &mut Map<String, Value>, name: &str, value: Value) {
    if RESERVED.contains(&name) {
        fields.insert(format!("field_{name}"), value);
    } else if !name.starts_with("log.") {
        fields.insert(name.to_owned(), value);
    }
}

struct JsonVisitor<'a>(&'a mut Map<String, Value>);

impl Visit for JsonVisitor<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        insert(self.0, field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        insert(self.0, field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        insert(self.0, field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        insert(self.0, field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        insert(self.0, field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        insert(self.0, field.name(), format!("{value:?}").into());
    }
}
