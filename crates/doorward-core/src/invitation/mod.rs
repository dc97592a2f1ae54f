//! Invitations: who has the code of one may register, once, and gets its role.

mod accept;
mod create;
mod entity;
mod list;
mod revoke;

pub(crate) use accept::{find_usable, lock_usable, use_up_within};
pub use create::{Invited, NewInvitation, create};
pub use entity::{ActiveModel, Column, Entity, Model as Invitation};
pub use list::{delete_outdated, list};
pub use revoke::revoke;
