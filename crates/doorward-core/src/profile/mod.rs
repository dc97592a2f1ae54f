//! What a user tells of themselves: the table's columns, and fields that the application defines by a JSON
//! Schema. A change can be bound to what was read before.

mod change;
mod etag;
mod precondition;
mod schema;

pub use change::{ProfileChange, change};
pub use etag::etag;
pub use precondition::Precondition;
pub use schema::{Audience, ProfileSchema};
