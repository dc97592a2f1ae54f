//! Reading `doorward.toml`, and the files that hold secrets.

use std::fs;
use std::io;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::check::Problem;
use super::declare::{declaration, declarations};
use super::error::SettingsError;
use super::nearest;
use super::source::Source;
use super::table::sections;
use super::value::Given;

/// A key of the file that may be a setting's.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) given: Given,
}

/// The text of a file, or why it can't be had.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    fs::read_to_string(path).map(Zeroizing::new).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        _ => error.to_string(),
    })
}

/// Warns when others than its owner and group may read a file with secrets.
pub(super) fn readable_by_all(path: &Path, key: &'static str) -> Option<Problem> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o004 != 0).then(|| {
            let path = path.display();
            Problem::warning(
                key,
                format!("stands in {path}, which every user of this machine can read"),
                format!("Run `chmod 600 {path}`."),
            )
        })
    }
    #[cfg(not(unix))]
    {
        let _ = (path, key);
        None
    }
}

/// The keys of a text in TOML. What is no setting of Doorward's is among the errors.
pub(super) fn parse(text: &str, path: &Path) -> (Vec<Entry>, Vec<SettingsError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let ends = text.match_indices('\n').map(|(end, _)| end + 1);
    let line_starts = std::iter::once(0).chain(ends).collect();
    let mut reading = Reading { line_starts, path, entries: Vec::new(), errors: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(text);
    let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    // Only the first: what the parser finds after it is mostly its own confusion.
    match errors.into_iter().min_by_key(start) {
        None => reading.table(table.get_ref(), ""),
        Some(error) => {
            let (line, column) = reading.position(start(&error));
            let (path, reason) = (path.to_owned(), error.message().to_owned());
            reading.errors.push(SettingsError::Syntax { path, line, column, reason });
        }
    }
    (reading.entries, reading.errors)
}

struct Reading<'a> {
    /// Where each line begins, in bytes.
    line_starts: Vec<usize>,
    path: &'a Path,
    entries: Vec<Entry>,
    errors: Vec<SettingsError>,
}

impl Reading<'_> {
    fn table(&mut self, table: &DeTable<'_>, within: &str) {
        for (name, value) in table {
            let key = match within {
                "" => name.get_ref().to_string(),
                within => format!("{within}.{}", name.get_ref()),
            };
            let line = self.position(name.span().start).0;
            let is_section = sections().iter().any(|section| section.name == key);
            match value.get_ref() {
                DeValue::Table(table) if is_section => self.table(table, &key),
                value if declaration(&key).is_some() => {
                    self.entries.push(Entry { key, line, given: given(value) });
                }
                value => {
                    let origin = Source::File { path: self.path.to_owned(), line };
                    self.errors.push(if is_section {
                        SettingsError::NotASection { section: key, origin }
                    } else {
                        unknown(&key, value.is_table(), origin)
                    });
                }
            }
        }
    }

    /// Line and column, from 1, of a place in the text.
    fn position(&self, at: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= at);
        (line, at - self.line_starts[line - 1] + 1)
    }
}

fn unknown(key: &str, is_table: bool, origin: Source) -> SettingsError {
    let nearest = if is_table {
        let names = sections().iter().map(|section| section.name.as_str());
        nearest::key(key, names.filter(|name| !name.is_empty()))
    } else {
        nearest::key(key, declarations().map(|declaration| declaration.key))
    };
    SettingsError::Unknown { key: key.escape_debug().to_string(), origin, nearest: nearest.map(str::to_owned) }
}

pub(super) fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::string(text),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or(Given::Other("a number too large"), Given::Integer),
        DeValue::Float(_) => Given::Other("a number with a fraction"),
        DeValue::Boolean(truth) => Given::Boolean(*truth),
        DeValue::Datetime(_) => Given::Other("a date or time"),
        DeValue::Array(entries) => Given::List(entries.iter().map(|entry| given(entry.get_ref())).collect()),
        DeValue::Table(table) => Given::Table(
            table.iter().map(|(name, value)| (name.get_ref().to_string(), given(value.get_ref()))).collect(),
        ),
    }
}
