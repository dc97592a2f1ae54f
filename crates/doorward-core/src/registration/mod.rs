//! Registering by oneself, and showing that the address is one's own.
//!
//! Until its address is confirmed, an account has none: the address waits in `pending_email`. So every
//! registration goes the same way whether the address has an account or not, nobody learns which, and
//! nobody keeps another's address by registering with it first.

mod confirm;
mod email;
mod pending;
mod register;
mod resend;
mod sweep;

pub use confirm::{confirm_by_code, confirm_by_link};
pub use register::{Register, Registered, register};
pub use resend::resend;
pub use sweep::delete_unconfirmed;
