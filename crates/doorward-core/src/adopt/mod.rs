//! Taking over another application's users: which table holds them, and what its columns mean.

mod discover;
mod mapping;
mod schemes;
mod survey;

pub use discover::{Discovered, discover};
pub use mapping::Mapping;
pub use schemes::count_schemes;
pub use survey::{Added, Renewal, Survey, survey};
