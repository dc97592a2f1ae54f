//! Requests that Doorward itself sends to URLs that its operator configured: the client that guards use too.

pub use doorward_guard::outbound::{Limits, Outbound, OutboundAnswer, OutboundError};
