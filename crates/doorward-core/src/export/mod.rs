//! Everything that is stored about a user, but for what would let somebody act as them.

mod read;
mod section;

pub use read::{Export, begin};
pub use section::Section;
