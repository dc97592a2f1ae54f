//! Log lines on stderr.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::str::FromStr;

use tracing::{Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use super::TelemetryError;
use super::line::{JsonLine, PrettyFields, PrettyLine};

/// Lines that are kept while stderr takes none; later ones are dropped.
const LINES_KEPT: usize = 2048;

/// The migrator tells at `INFO` of each table that it looks for, and PostgreSQL of each that is there already. Doorward says
/// itself what was brought up to date, so these lines are for those who ask for them: by these names, or by `debug`.
const CHATTY: [&str; 2] = ["sea_orm_migration", "sqlx::postgres::notice"];

/// What a log line looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// [`LogFormat::Pretty`] on a terminal, [`LogFormat::Json`] elsewhere.
    #[default]
    Auto,
    /// For people; coloured on a terminal unless `NO_COLOR` is set.
    Pretty,
    /// A JSON object a line: `timestamp` (UTC, RFC 3339), `level`, `target`, `message`, the fields of
    /// the event and of the spans around it (`request_id` among them), and `span`, the name of the
    /// innermost one.
    Json,
}

/// A text is no [`LogFormat`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no log format: write `auto`, `pretty` or `json`")]
pub struct ParseLogFormatError(String);

impl FromStr for LogFormat {
    type Err = ParseLogFormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err(ParseLogFormatError(text.to_owned())),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Pretty => "pretty",
            Self::Json => "json",
        })
    }
}

pub(super) type LogLayer<S> = Box<dyn Layer<S> + Send + Sync>;

/// The layer that writes to stderr, from a thread of its own: a reader that hangs must not hang us.
pub(super) fn layer<S>(filter: &str, format: LogFormat) -> Result<(LogLayer<S>, WorkerGuard), TelemetryError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let terminal = io::stderr().is_terminal();
    let pretty = format == LogFormat::Pretty || (format == LogFormat::Auto && terminal);
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(LINES_KEPT)
        .thread_name("log")
        .finish(io::stderr());
    let layer = layer_to(filter, writer, pretty, terminal && colours_welcome())?;
    Ok((layer, guard))
}

fn colours_welcome() -> bool {
    // https://no-color.org: any value but the empty one.
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
}

fn layer_to<S, W>(filter: &str, writer: W, pretty: bool, colours: bool) -> Result<LogLayer<S>, TelemetryError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> tracing_subscriber::fmt::MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|source| TelemetryError::Filter { filter: filter.to_owned(), source })
        .map(|parsed| {
            let most = parsed.max_level_hint().unwrap_or(LevelFilter::TRACE);
            let wanted = CHATTY.map(|target| most > LevelFilter::INFO || filter.contains(target));
            let heard = move |event: &Metadata<'_>| {
                let mut hushed = CHATTY.iter().zip(wanted).filter(|(_, wanted)| !wanted);
                *event.level() < Level::INFO || !hushed.any(|(target, _)| event.target().starts_with(target))
            };
            // Without the hint, lines that nobody wants would cost more than a comparison.
            parsed.and(filter_fn(heard).with_max_level_hint(most))
        })?;
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(colours)
        // Would complain on stderr by `eprintln!`, which panics when stderr is gone.
        .log_internal_errors(false);
    Ok(if pretty {
        layer.fmt_fields(PrettyFields).event_format(PrettyLine).with_filter(filter).boxed()
    } else {
        layer.fmt_fields(JsonFields::new()).event_format(JsonLine).with_filter(filter).boxed()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, pretty: bool, colours: bool, events: impl FnOnce()) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = layer_to(filter, move || writer.clone(), pretty, colours).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), events);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    fn json(line: &str) -> serde_json::Value {
        serde_json::from_str(line).unwrap()
    }

    /// Whatever a stranger may put into a name, a header or a path.
    const HOSTILE: &str =
        "x\r\n2026-01-01T00:00:00Z  INFO admin signed in\u{1b}[2J\u{9b}31m\u{7}\0\u{202e}\u{2028}\u{7f}\" level=ERROR";

    fn is_harmless(line: &str) -> bool {
        let body = line.strip_suffix('\n').unwrap();
        !body.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'))
    }

    fn hostile_events() {
        let span = tracing::info_span!("request", path = HOSTILE, agent = %HOSTILE, late = tracing::field::Empty);
        span.record("late", HOSTILE);
        let _inside = span.enter();
        tracing::info!(name = HOSTILE, shown = %HOSTILE, debugged = ?HOSTILE, "said {HOSTILE}");
    }

    #[test]
    fn f4_no_line_can_be_forged_in_the_pretty_log() {
        let line = logged("info", true, false, hostile_events);
        assert!(is_harmless(&line), "{line:?}");
        assert!(line.contains("admin signed in"), "kept, only made harmless: {line}");
        for field in ["name", "shown", "path", "agent", "late"] {
            assert!(line.contains(&format!(" {field}={HOSTILE:?}")), "{field} is quoted: {line}");
        }
    }

    #[test]
    fn f4_no_line_can_be_forged_in_the_json_log() {
        let line = logged("info", false, false, hostile_events);
        assert!(is_harmless(&line), "{line:?}");
        let line = json(&line);
        for field in ["path", "agent", "late", "name", "shown"] {
            assert_eq!(line[field], HOSTILE, "{field}");
        }
        assert_eq!(line["message"], format!("said {HOSTILE}"));
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn a_json_line_has_what_is_needed_to_find_it() {
        let line = logged("info", false, false, || {
            let _request = tracing::info_span!("request", request_id = "r-1", user = 7).entered();
            let _inner = tracing::info_span!("login", user = 8).entered();
            tracing::warn!(attempts = 3, ratio = 0.5, ok = false, level = "mine", "refused");
        });
        let mut line = json(&line);
        let timestamp = line["timestamp"].take();
        let timestamp = timestamp.as_str().unwrap();
        assert!(timestamp.starts_with("20") && timestamp.ends_with('Z'), "{timestamp}");
        assert_eq!(
            line,
            serde_json::json!({
                "timestamp": null,
                "level": "WARN",
                "target": "doorward::telemetry::logging::tests",
                "message": "refused",
                "attempts": 3,
                "ratio": 0.5,
                "ok": false,
                "field_level": "mine",
                "request_id": "r-1",
                "user": 8,
                "span": "login",
            })
        );
    }

    #[test]
    fn a_pretty_line_reads_like_a_sentence() {
        let line = logged("info", true, false, || {
            let _request = tracing::info_span!("request", request_id = "r-1").entered();
            tracing::warn!(attempts = 3, name = "Ann Lee", "refused");
        });
        let (_time, rest) = line.split_once("Z ").unwrap();
        assert_eq!(
            rest,
            " WARN doorward::telemetry::logging::tests: refused attempts=3 name=\"Ann Lee\" request_id=r-1\n"
        );
    }

    #[test]
    fn colours_come_only_where_they_are_welcome() {
        let event = || tracing::info!(a = 1, "hello");
        assert!(logged("info", true, true, event).contains("\u{1b}["));
        assert!(!logged("info", true, false, event).contains('\u{1b}'));
    }

    #[test]
    fn the_filter_says_what_is_logged() {
        let event = || {
            tracing::info!("yes");
            tracing::debug!("no");
            tracing::info!(target: "sqlx::query", "no");
        };
        let log = logged("warn,doorward=info", true, false, event);
        assert_eq!(log.lines().count(), 1, "{log}");

        let Err(error) = layer_to::<tracing_subscriber::Registry, _>("doorward=loud", io::sink, true, false) else {
            panic!("accepted");
        };
        assert!(error.to_string().contains("`doorward=loud`"), "{error}");
    }

    #[test]
    fn the_migrators_every_step_is_told_only_on_request() {
        let event = || {
            tracing::info!(target: "sea_orm_migration::migrator", "Checking migration status");
            tracing::warn!(target: "sea_orm_migration::migrator", "look at this");
        };
        for (filter, lines) in
            [("info", 1), ("warn", 1), ("error", 0), ("debug", 2), ("info,sea_orm_migration=info", 2)]
        {
            assert_eq!(logged(filter, true, false, event).lines().count(), lines, "{filter}");
        }
        let notice = || tracing::info!(target: "sqlx::postgres::notice", "relation already exists, skipping");
        for (filter, lines) in
            [("info", 0), ("debug", 1), ("info,sqlx::postgres::notice=info", 1), ("info,sea_orm_migration=info", 0)]
        {
            assert_eq!(logged(filter, true, false, notice).lines().count(), lines, "{filter}");
        }
    }

    #[test]
    fn a_format_is_read_as_it_is_written() {
        for format in [LogFormat::Auto, LogFormat::Pretty, LogFormat::Json] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("xml".parse::<LogFormat>().is_err());
    }
}
