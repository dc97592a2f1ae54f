//! The commands, a file a group. Each calls an operation of `doorward-core` and shows the answer.

mod error;
pub(crate) mod serve;

pub(crate) use error::CommandError;
