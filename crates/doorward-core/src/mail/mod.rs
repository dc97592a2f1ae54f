//! Mail: written to an outbox in the transaction that causes it, sent after the commit.

mod enqueue;
mod entity;
mod template;

pub use enqueue::{Mail, enqueue_within};
pub use entity::{ActiveModel, Column, Entity, Model as OutboxRow};
pub use template::Template;
