//! `/password`

pub(crate) mod forgot;
pub(crate) mod reset;
