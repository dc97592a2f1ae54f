//! Roles, and who has them.

mod administrator;
mod entity;
mod grant;
mod revoke;

pub use administrator::{has_administrator, keep_an_administrator};
pub use entity::{
    assignment::{Column as AssignmentColumn, Entity as Assignments, Model as Assignment},
    role::{Column, Entity, Model as Role},
};
pub use grant::{grant, grant_within};
pub use revoke::revoke;

/// The role that administers Doorward.
pub const ADMIN: &str = "admin";
