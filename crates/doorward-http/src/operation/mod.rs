//! What operators and their machines ask: is it alive, is it ready, how is it doing.

pub(crate) mod healthz;
pub(crate) mod metrics;
pub(crate) mod readyz;
