//! Where users come from, read a record at a time. What a record takes in memory is bounded, whatever stands there. A further
//! source is a file here with its [`Records`].

mod csv;
mod database;
mod jsonl;

pub use database::Rows;

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::record::{ImportedUser, Reason};
use crate::{Error, hexadecimal::to_hexadecimal};

/// The longest record, in bytes.
pub const LONGEST_RECORD: usize = 1024 * 1024;
/// The most columns of a CSV file.
pub const MOST_COLUMNS: usize = 256;

/// Where the records stand, and how.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file of one JSON object a line.
    Jsonl(PathBuf),
    /// A file by RFC 4180, with the names of the fields in the first record.
    Csv {
        /// The file.
        file: PathBuf,
        /// Other names of columns: the file's, and the field's; `-` for a column that is passed over.
        columns: Vec<(String, String)>,
    },
    /// A table of another application.
    Database(Box<Rows>),
}

/// What keeps a file from being read.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    /// It can't be opened or read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// The first record of a CSV file names a column that is no field.
    #[error("the column `{0}` is no field")]
    UnknownColumn(String),
    /// It names a field twice, or none that tells users apart.
    #[error("the first line names no users: {0}")]
    NoHeader(&'static str),
    /// It was written to while it was read.
    #[error("the file was changed while it was read")]
    Changed,
    /// The database has no such table.
    #[error("there is no table `{0}`")]
    NoTable(String),
    /// Users are identified by something else than numbers.
    #[error("the column `{0}` holds no whole numbers: users can't be told by it")]
    NoWholeIds(String),
    /// The database doesn't answer.
    #[error("{0}")]
    Database(#[from] Error),
}

/// A record, and where it began.
pub(super) struct Record {
    /// The line, from 1.
    pub(super) line: u64,
    /// What it says, or why it says nothing.
    pub(super) user: Result<ImportedUser, Vec<Reason>>,
    /// As it stood there, for the file of rejects.
    pub(super) raw: Raw,
}

/// A record as it stood there.
#[derive(Debug, Clone)]
pub(super) enum Raw {
    /// A line that may be JSON.
    Text(String),
    /// Cells under the names of their fields.
    Cells(Vec<(String, String)>),
    /// Too long to be kept, or no text.
    Lost,
}

impl Raw {
    /// What a file of rejects has of it: an object that can be mended and fed again.
    pub(super) fn to_json(&self, line: u64, reasons: &[Reason]) -> serde_json::Map<String, serde_json::Value> {
        let mut object = match self {
            Self::Text(text) => match serde_json::from_str(text) {
                Ok(serde_json::Value::Object(object)) => object,
                _ => serde_json::Map::from_iter([("_text".to_owned(), text.as_str().into())]),
            },
            Self::Cells(cells) => csv::as_json(cells),
            Self::Lost => serde_json::Map::new(),
        };
        object.insert("_line".to_owned(), line.into());
        object.insert("_rejected".to_owned(), reasons.iter().map(ToString::to_string).collect());
        object
    }
}

/// Reads records one after the other.
pub(super) trait Records: Send {
    fn next(&mut self) -> Result<Option<Record>, SourceFault>;
    /// SHA-256 of all bytes that were read.
    fn finish(self: Box<Self>) -> Result<String, SourceFault>;
    /// Bytes that were read.
    fn position(&self) -> u64;
}

/// Reads `source`, which is known by `known_by`, after what was read before: so many records of a file, the rows of a database
/// up to this id.
pub(super) fn open(source: &Source, known_by: &str, reached: Reached) -> Result<Box<dyn Records>, SourceFault> {
    let mut records: Box<dyn Records> = match source {
        Source::Jsonl(file) => Box::new(jsonl::Lines::new(reader(file)?)),
        Source::Csv { file, columns } => Box::new(csv::Rows::new(reader(file)?, columns)?),
        Source::Database(rows) => {
            return Ok(Box::new(database::Reading::new((**rows).clone(), reached.last_id, known_by.to_owned())));
        }
    };
    for _ in 0..reached.records {
        records.next()?;
    }
    Ok(records)
}

/// How far an earlier run came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    pub(super) records: i64,
    pub(super) last_id: Option<i64>,
}

fn reader(file: &Path) -> io::Result<BufReader<Hashed>> {
    Ok(BufReader::with_capacity(256 * 1024, Hashed { file: File::open(file)?, hash: Sha256::new(), read: 0 }))
}

/// How much there is to read, and what the source is known by when an import that was cut off goes on: a file's SHA-256 in
/// hexadecimal.
pub(super) async fn fingerprint(source: &Source) -> Result<(u64, String), SourceFault> {
    let file = match source {
        Source::Jsonl(file) | Source::Csv { file, .. } => file.clone(),
        Source::Database(rows) => return rows.fingerprint().await,
    };
    let reading = tokio::task::spawn_blocking(move || {
        let mut reader = Hashed { file: File::open(file)?, hash: Sha256::new(), read: 0 };
        io::copy(&mut reader, &mut io::sink())?;
        Ok((reader.read, to_hexadecimal(&reader.hash.finalize())))
    });
    reading.await.map_err(|error| Error::Internal(error.to_string()))?
}

/// A file whose bytes are hashed as they are read.
pub(super) struct Hashed {
    file: File,
    hash: Sha256,
    read: u64,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.read += count as u64;
        Ok(count)
    }
}

/// The hash of the whole file: what was not read yet is read now.
fn hash_of(reader: BufReader<Hashed>) -> Result<String, SourceFault> {
    let mut file = reader.into_inner();
    io::copy(&mut file, &mut io::sink())?;
    Ok(to_hexadecimal(&file.hash.finalize()))
}
