//! Taking over another application's users: which table holds them, and what its columns mean.

mod discover;
mod mapping;
mod schemes;
mod seen;
mod status;
mod survey;

pub use discover::{Discovered, discover};
pub use mapping::Mapping;
pub use schemes::count_schemes;
pub use seen::Sightings;
pub(crate) use seen::{Seen, SignOf};
pub use status::{Status, status};
pub use survey::{Added, Renewal, Survey, survey};
