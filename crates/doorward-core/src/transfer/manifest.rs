use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::database::transfer::Sequences;

/// What an export holds. It is written last: a folder without it is no export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of Doorward that made it.
    pub doorward: String,
    /// `jsonl`, `csv`, `sqlite` or `postgres`.
    pub format: String,
    /// The engine that it came from.
    pub engine: String,
    /// The steps of the schema that it has.
    pub schema: Vec<String>,
    /// When it was begun: it is of one moment, soon after. RFC 3339.
    pub taken_at: String,
    /// What is not in it: `table.column`.
    pub without: Vec<String>,
    /// Of tables that number their rows, the last number given.
    pub sequences: Sequences,
    /// Each table, in the order in which they are to be read.
    pub tables: Vec<ExportedTable>,
}

/// A table in an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportedTable {
    /// Its name.
    pub name: String,
    /// Its file, beside the manifest.
    pub file: String,
    /// How many rows there are.
    pub rows: u64,
    /// The file's length in bytes.
    pub bytes: u64,
    /// The file's SHA-256 in hexadecimal.
    pub sha256: String,
    /// Rows that the format has no place for, by their keys: what was left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, String>,
}
