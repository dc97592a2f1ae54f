//! `/token`

mod refresh;
