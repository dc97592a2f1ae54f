//! Roles, what they permit, and who has them.

mod administrator;
mod change;
mod create;
mod delete;
mod entity;
mod grant;
mod list;
mod name;
mod permission;
mod revoke;

pub use administrator::{has_administrator, keep_an_administrator};
pub use change::{PermissionChange, RoleChange, change};
pub use create::{NewRole, create};
pub use delete::{InUse, delete};
pub use entity::{
    assignment::{Column as AssignmentColumn, Entity as Assignments, Model as Assignment},
    permission::{Entity as Grants, Model as Grant},
    role::{Column, Entity, Model as Role},
};
pub use grant::{grant, grant_within};
pub use list::{RoleShown, find, list};
pub(crate) use name::check_name;
pub(crate) use permission::reload as reload_permissions;
pub use permission::{Permissions, permissions_of};
pub use revoke::revoke;

/// The role that administers Doorward.
pub const ADMIN: &str = "admin";
