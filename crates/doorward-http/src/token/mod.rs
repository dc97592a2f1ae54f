//! `/token`

pub(crate) mod refresh;
