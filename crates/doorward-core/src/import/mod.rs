//! Users of another system, with the hashes of their passwords as they are: read a record at a time, checked by the rules of every
//! user, and written a batch at a time together with the place that was reached. Killed at any moment and begun
//! again, an import ends as if it had not been.

mod append;
mod batch;
mod entity;
mod examine;
mod record;
mod run;
mod source;
mod take_in;
mod time;

#[doc(hidden)]
pub use examine::{Examined, examine};
pub use record::{ImportedUser, Reason};
pub use run::{ImportFault, Observer, Outcome, Progress, import};
pub use source::{LONGEST_RECORD, MOST_COLUMNS, Rows, Source, SourceFault};
pub(crate) use take_in::{give_password, take_in};

/// What is imported, and how.
#[derive(Debug, Clone)]
pub struct Import {
    /// From where.
    pub source: Source,
    /// Only says what would happen.
    pub dry_run: bool,
    /// What happens with a record whose user is there already.
    pub on_conflict: OnConflict,
    /// Which ids the users get.
    pub ids: Ids,
}

/// What happens with a record whose id, name or address a user has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// The user stays as it is.
    Skip,
    /// The user gets what the record says, and keeps the rest. Where the password is another, the user's sessions end.
    Update,
    /// The import ends there. What was imported before stays.
    Fail,
}

/// Which ids the users get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// Those of the source, where it has any: whatever points at them goes on pointing at the same users.
    Keep,
    /// The next ones here. `doorward_imported_ids` says which user has which.
    New,
}
