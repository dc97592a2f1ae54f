//! What a user tells of themselves: the table's columns, and fields that the application defines by a JSON
//! Schema. A change can be bound to what was read before.

mod change;
mod etag;
mod schema;

pub use change::{Precondition, ProfileChange, change};
pub use etag::etag;
pub use schema::{Audience, ProfileSchema};
