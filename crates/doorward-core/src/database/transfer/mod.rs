//! Whole tables of Doorward's, row by row, from one database into a file or another database: what SQLite and PostgreSQL
//! hold in common, and how each reads and writes it.

mod changes;
mod ending;
mod entity;
mod insert;
mod link;
mod read;
mod shape;
mod state;
mod write;

pub use changes::{Entry, begin_noting, delete_entries, entries, last_entry, stop_noting};
pub use ending::{Sequences, hold, let_write, refuse_writes, sequences};
pub(crate) use entity::NewRows;
pub(crate) use insert::insert_new;
pub use insert::{Written, insert};
pub(super) use insert::{document, insertion_of_document};
pub use link::Link;
pub use read::{PAGE, Pages, count, greatest_key, rows_of};
pub use shape::{TransferColumn, TransferTable, held_tables, is_unused, own_tables};
pub use state::{Move, MoveState, forget, move_state, note};
pub use write::{Unfit, arrange, clear, finish, replace, unfit};

use chrono::NaiveDateTime;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of up to 64 bits.
    Integer,
    /// Yes or no.
    Boolean,
    /// Text.
    Text,
    /// A time in UTC, to the microsecond.
    Time,
    /// Bytes.
    Bytes,
}

/// What one cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// Of [`Kind::Integer`].
    Integer(i64),
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::Time`].
    Time(NaiveDateTime),
    /// Of [`Kind::Bytes`].
    Bytes(Vec<u8>),
    /// What SQLite lets a cell hold though its column says another kind.
    Odd(Odd),
}

/// A value of SQLite's in a column of another kind.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Odd {
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text that is no UTF-8: it can be told, and not carried.
    Unreadable,
}

/// The cells of a row, in the order of the table's columns.
pub type Row = Vec<Cell>;
