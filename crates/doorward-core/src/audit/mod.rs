//! Who did what to whom, from where: rows that carry the hash of the one before.

mod append;
mod entity;

pub use append::{Recorded, append_within, row_hash};
pub use entity::{
    event::{ActiveModel, Column, Entity, Model as AuditEvent},
    stream::{ActiveModel as StreamActiveModel, Column as StreamColumn, Entity as Streams, Model as AuditStream},
};

/// The number of chains. A user's rows are all in one; users of different chains don't wait for
/// each other.
pub const STREAMS: i64 = 16;
