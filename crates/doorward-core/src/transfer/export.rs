use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    manifest::{ExportedTable, Manifest},
    require_current,
    text::{to_csv, to_json, to_sql},
};
use crate::{
    Error,
    database::{
        Database, Engine,
        transfer::{Cell, Link, Odd, Pages, Row, TransferTable, held_tables, own_tables, sequences, unfit},
    },
    hexadecimal::to_hexadecimal,
};

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A JSON object a line: what [`super::import`] reads.
    Jsonl,
    /// For spreadsheets: formulas are made harmless.
    Csv,
    /// The users alone, as statements of SQLite's that make the Flask system's table.
    Sqlite,
    /// The same for PostgreSQL.
    Postgres,
}

impl ExportFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Sqlite | Self::Postgres => "sql",
        }
    }
}

/// What is exported, and where to.
#[derive(Debug, Clone)]
pub struct WantedExport {
    /// The folder, which is made.
    pub folder: PathBuf,
    /// How.
    pub format: ExportFormat,
    /// With the hashes of passwords, tokens and keys, without which nobody can sign in from it.
    pub with_hashes: bool,
}

/// Columns by which somebody could act for a user, or try to.
const HASHES: [(&str, &str); 13] = [
    ("users", "password_hash"),
    ("sessions", "cookie_hash"),
    ("refresh_tokens", "token_hash"),
    ("trusted_devices", "token_hash"),
    ("one_time_codes", "link_hash"),
    ("one_time_codes", "typed_hash"),
    ("invitations", "code_hash"),
    ("api_keys", "key_hash"),
    ("signing_keys", "sealed_key"),
    ("mail_outbox", "sealed"),
    ("revocations", "token_hash"),
    ("login_failures", "bucket"),
    ("doorward_exchanged_cookies", "cookie_hash"),
];

/// The columns of the Flask system's table.
const FLASK_COLUMNS: usize = 11;

const FLASK_SQLITE: &str = include_str!("../database/migrations/foundation/users.sqlite.sql");
const FLASK_POSTGRES: &str = include_str!("../database/migrations/foundation/users.postgres.sql");

/// Writes everything that Doorward holds into a new folder, as of one moment, while it is in use.
///
/// # Errors
/// [`Error::Startup`] where the folder holds something, or can't be written to.
pub async fn export(database: &Database, wanted: &WantedExport, taken_at: String) -> Result<Manifest, Error> {
    let schema = require_current(database).await?;
    make_folder(&wanted.folder)?;
    let mut tables = held_tables(database, &own_tables().await?).await?;
    if matches!(wanted.format, ExportFormat::Sqlite | ExportFormat::Postgres) {
        tables.retain(|table| table.name == "users");
        tables.iter_mut().for_each(|table| table.columns.truncate(FLASK_COLUMNS));
    }
    let mut link = Link::open(database).await?;
    link.begin_reading().await?;
    let mut written = Vec::new();
    for table in &tables {
        written.push(write_table(&mut link, table, wanted).await?);
    }
    let manifest = Manifest {
        doorward: env!("CARGO_PKG_VERSION").to_owned(),
        format: wanted.format.name().to_owned(),
        engine: database.engine().name().to_owned(),
        schema,
        taken_at,
        without: left_out(&tables, wanted.with_hashes),
        sequences: sequences(&mut link).await?,
        tables: written,
    };
    link.roll_back().await?;
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| Error::Internal(error.to_string()))?;
    write_whole(&wanted.folder, &text).map_err(|error| unwritable(&wanted.folder, &error))?;
    Ok(manifest)
}

fn left_out(tables: &[TransferTable], with_hashes: bool) -> Vec<String> {
    let there = |(table, column): &&(&str, &str)| {
        tables.iter().any(|it| it.name == *table && it.columns.iter().any(|it| it.name == *column))
    };
    let out = HASHES.iter().filter(|_| !with_hashes).filter(there);
    out.map(|(table, column)| format!("{table}.{column}")).collect()
}

fn is_hash(table: &str, column: &str) -> bool {
    HASHES.contains(&(table, column))
}

/// A folder of one's own. What an export that was cut off left there is written over.
fn make_folder(folder: &Path) -> Result<(), Error> {
    if folder.join("manifest.json").exists() {
        return Err(Error::startup(
            format!("{} holds an export already", folder.display()),
            "name a new folder; an export never overwrites another",
        ));
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| unwritable(folder, &error))
}

fn unwritable(place: &Path, error: &io::Error) -> Error {
    Error::startup(
        format!("{} can't be written: {error}", place.display()),
        "make room, or name a folder that Doorward's user may write to",
    )
}

fn create(path: &Path) -> io::Result<File> {
    let mut open = File::options();
    open.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.open(path)
}

/// The manifest is there whole or not at all.
fn write_whole(folder: &Path, text: &str) -> io::Result<()> {
    let arriving = folder.join("manifest.json.arriving");
    let mut file = create(&arriving)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(arriving, folder.join("manifest.json"))?;
    File::open(folder)?.sync_all()
}

/// Counts and hashes what goes through it.
struct Hashed {
    file: BufWriter<File>,
    hasher: Sha256,
    bytes: u64,
}

impl Hashed {
    fn write(&mut self, text: &str) -> io::Result<()> {
        self.hasher.update(text.as_bytes());
        self.bytes += text.len() as u64;
        self.file.write_all(text.as_bytes())
    }
}

async fn write_table(link: &mut Link, table: &TransferTable, wanted: &WantedExport) -> Result<ExportedTable, Error> {
    let file = format!("{}.{}", table.name, wanted.format.extension());
    let path = wanted.folder.join(&file);
    let unwritable = |error: io::Error| unwritable(&path, &error);
    let created = create(&path).map_err(unwritable)?;
    let mut out = Hashed { file: BufWriter::with_capacity(1 << 18, created), hasher: Sha256::new(), bytes: 0 };
    let mut rows = 0;
    let mut left_out = BTreeMap::new();
    let format = Format { table, wanted };
    out.write(&format.head()).map_err(unwritable)?;
    let mut pages = Pages::new(link, table, None);
    loop {
        let page = pages.next().await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            match format.row(row) {
                Some(text) => {
                    out.write(&text).map_err(unwritable)?;
                    rows += 1;
                }
                None => {
                    left_out.insert(
                        table.key_of(row).iter().map(to_csv).collect::<Vec<_>>().join(", "),
                        "holds what this format has no place for".to_owned(),
                    );
                }
            }
        }
    }
    out.write(format.foot()).map_err(unwritable)?;
    let written = out.file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
    written.map_err(unwritable)?;
    let (bytes, sha256) = (out.bytes, to_hexadecimal(&out.hasher.finalize()));
    Ok(ExportedTable { name: table.name.clone(), file, rows, bytes, sha256, left_out })
}

struct Format<'a> {
    table: &'a TransferTable,
    wanted: &'a WantedExport,
}

impl Format<'_> {
    /// Which columns are in the file.
    fn columns(&self) -> impl Iterator<Item = (usize, &str)> {
        let shown = |name: &str| self.wanted.with_hashes || !is_hash(&self.table.name, name);
        let named = self.table.columns.iter().map(|column| column.name.as_str()).enumerate();
        named.filter(move |(_, name)| shown(name))
    }

    fn head(&self) -> String {
        match self.wanted.format {
            ExportFormat::Jsonl => String::new(),
            ExportFormat::Csv => csv_line(self.columns().map(|(_, name)| name.to_owned())),
            ExportFormat::Sqlite => format!("BEGIN;\n{FLASK_SQLITE}"),
            ExportFormat::Postgres => format!("BEGIN;\n{FLASK_POSTGRES}"),
        }
    }

    fn foot(&self) -> &'static str {
        match self.wanted.format {
            ExportFormat::Jsonl | ExportFormat::Csv => "",
            ExportFormat::Sqlite => "COMMIT;\n",
            ExportFormat::Postgres => {
                "SELECT setval(pg_get_serial_sequence('users', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) \
                 FROM users;\nCOMMIT;\n"
            }
        }
    }

    fn row(&self, row: &Row) -> Option<String> {
        match self.wanted.format {
            ExportFormat::Jsonl => {
                if row.contains(&Cell::Odd(Odd::Unreadable)) {
                    return None;
                }
                let object: Map<String, Value> =
                    self.columns().map(|(index, name)| (name.to_owned(), to_json(&row[index]))).collect();
                Some(format!("{}\n", Value::Object(object)))
            }
            ExportFormat::Csv => Some(csv_line(self.columns().map(|(index, _)| to_csv(&row[index])))),
            ExportFormat::Sqlite | ExportFormat::Postgres => {
                let sqlite = self.wanted.format == ExportFormat::Sqlite;
                // The Flask system's columns are as wide as these.
                if !sqlite && unfit(Engine::Postgres, self.table, row).is_some() {
                    return None;
                }
                let names: Vec<_> = self.columns().map(|(_, name)| name).collect();
                let cells = self.columns().map(|(index, _)| to_sql(&row[index], sqlite));
                let cells: Vec<_> = cells.collect::<Option<_>>()?;
                Some(format!("INSERT INTO users ({}) VALUES ({});\n", names.join(", "), cells.join(", ")))
            }
        }
    }
}

fn csv_line(cells: impl Iterator<Item = String>) -> String {
    let cells = cells.map(|cell| {
        if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    format!("{}\r\n", cells.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::transfer::Kind;

    /// What is told though it is bytes: no one can act by it.
    const HARMLESS: [(&str, &str); 7] = [
        ("sessions", "fingerprint"),
        ("signing_keys", "public_key"),
        ("mail_outbox", "lease"),
        ("audit_streams", "hash"),
        ("audit_streams", "checkpoint_hash"),
        ("audit_streams", "checkpoint_seal"),
        ("audit_events", "hash"),
    ];

    #[tokio::test]
    async fn h1_every_column_of_bytes_is_a_hash_or_harmless() {
        for table in own_tables().await.unwrap() {
            for column in table.columns.iter().filter(|column| column.kind == Kind::Bytes) {
                let pair = (table.name.as_str(), column.name.as_str());
                assert!(HASHES.contains(&pair) != HARMLESS.contains(&pair), "{pair:?}");
            }
        }
    }
}
