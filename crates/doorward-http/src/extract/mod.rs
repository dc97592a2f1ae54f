//! What doors take from a request.

mod acting;
mod current_user;
mod fields;
mod json_body;
mod strict_json;

pub(crate) use acting::{Acting, acting};
pub use current_user::{CurrentUser, RequireRole, RoleName};
pub(crate) use current_user::{authenticate, credential, log, recall};
pub use fields::{Fields, ReadFields};
pub use json_body::JsonBody;
