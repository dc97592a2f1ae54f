//! What doors take from a request.

mod acting;
mod administrator;
mod current_user;
mod fields;
mod if_match;
mod json_body;
mod named;
mod query;
mod require_permission;
mod require_scope;
mod service;
mod strict_json;

pub(crate) use acting::{Acting, CHALLENGE_RESPONSE, acting};
pub(crate) use administrator::Administrator;
pub use current_user::{CurrentUser, RequireRole, RoleName};
pub(crate) use current_user::{Exchanged, app, authenticate, authenticate_at, comes_by_cookie, log, recall};
pub use fields::{Fields, ReadFields};
pub(crate) use if_match::IfMatch;
pub use json_body::JsonBody;
pub(crate) use json_body::read_object as read_line;
pub(crate) use named::{NamedRole, NamedUser};
pub(crate) use query::QueryFields;
pub use require_permission::{PermissionName, RequirePermission};
pub use require_scope::{RequireScope, ScopeName};
pub(crate) use service::Service;
