//! Requests that Doorward itself sends to URLs that its operator configured.

mod client;

pub use client::{Limits, Outbound, OutboundAnswer, OutboundError};
