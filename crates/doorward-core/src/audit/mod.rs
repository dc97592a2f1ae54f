//! Who did what to whom, from where: rows that carry the hash of the one before.

mod anchor;
mod append;
mod chain;
mod entity;
mod export;
mod heads;
mod list;
mod retention;
mod verify;

pub use anchor::{Anchor, anchors};
pub use append::{Recorded, append_all_within, append_within, row_hash};
pub use chain::{Broken, Fault};
pub use entity::{
    event::{ActiveModel, Column, Entity, Model as AuditEvent},
    stream::{ActiveModel as StreamActiveModel, Column as StreamColumn, Entity as Streams, Model as AuditStream},
};
pub use export::{Format, export, to_json};
pub use heads::Heads;
pub use list::{Filter, MOST, Page, Place, life_began, page, rows};
pub use retention::delete_outdated;
pub use verify::{Report, verify};

/// The number of chains. A user's rows are all in one; users of different chains don't wait for
/// each other.
pub const STREAMS: i64 = 16;
