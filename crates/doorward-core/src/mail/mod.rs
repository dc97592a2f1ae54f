//! Mail: written to an outbox in the transaction that causes it, sent after the commit.

mod compose;
mod deliver;
mod enqueue;
mod entity;
mod link;
mod list;
mod open;
mod outbox;
mod render;
mod template;
mod test_mail;
mod transport;

pub use deliver::deliver_due;
pub use enqueue::{Mail, enqueue_within};
pub use entity::{ActiveModel, Column, Entity, Model as OutboxRow};
pub(crate) use link::link;
pub use list::{Which, list, retry};
pub use open::{rendered, variables_of};
pub use render::{LANGUAGES, Rendered, Templates};
pub use template::Template;
pub use test_mail::send_test;
pub use transport::Sent;

pub(crate) use deliver::{delete_outdated, deliver};
pub(crate) use outbox::Outbox;
