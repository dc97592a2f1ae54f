//! Passwords: the schemes they are stored in, the pool that hashes them, and what may be one.

mod change;
mod check;
pub mod hash;
mod new;
pub mod policy;
mod pool;
mod replace;
mod require_change;
mod reset;
mod rewrite;
mod start_reset;
mod write_scheme;

pub use change::change;
pub use check::{Checked, check};
pub use new::{MAX_PASSWORD_BYTES, NewPassword, hash_new};
pub use policy::{Advice, check_new};
pub use pool::HashingPool;
pub(crate) use replace::{Replacement, replace_within};
pub(crate) use require_change::chosen_at_sign_in;
pub use require_change::require_change;
pub use reset::reset;
pub use rewrite::renew_if_due;
pub(crate) use start_reset::mail_link_within;
pub use start_reset::{forgot, start_reset};
pub use write_scheme::{write_policy, write_scheme};
