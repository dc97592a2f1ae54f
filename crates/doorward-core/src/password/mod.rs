//! Passwords: the schemes they are stored in, the pool that hashes them, and what may be one.

mod check;
pub mod hash;
mod new;
mod pool;
mod rewrite;
mod write_scheme;

pub use check::{Checked, check};
pub use new::{MAX_PASSWORD_BYTES, NewPassword, check_new, hash_new};
pub use pool::HashingPool;
pub use rewrite::renew_if_due;
pub use write_scheme::{write_policy, write_scheme};
