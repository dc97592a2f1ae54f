//! API keys: what a program shows in the place of a user. They only narrow what the user may do.

mod create;
mod entity;
mod format;
mod list;
mod recognise;
mod revoke;
mod rotate;
mod scope;

pub use create::{CreatedApiKey, NewApiKey, create};
pub use entity::{ActiveModel, Column, Entity, Model as ApiKeyRow};
pub use format::{ApiKey, is_well_formed};
pub use list::{is_key_of, list_of};
pub(crate) use recognise::narrowed;
pub use recognise::recognise;
pub use revoke::{delete_outdated, revoke};
pub use rotate::rotate;
pub use scope::{INTROSPECT, READ, REVOCATIONS, WRITE, check_scopes, within_scope};
