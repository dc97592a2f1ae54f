use doorward_core::role;

use super::{RequireRole, RoleName};

/// The role that administers Doorward.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdminRole;

impl RoleName for AdminRole {
    const NAME: &'static str = role::ADMIN;
}

/// The signed-in user, who administers Doorward.
pub(crate) type Administrator = RequireRole<AdminRole>;
