//! Users: who may sign in, and how they are found.

mod create;
mod delete;
mod disable;
mod entity;
mod find;
mod first_administrator;
mod identifier;
mod list;
mod lookup_keys;
mod set_password;

pub use create::{NewUser, create};
pub use delete::delete;
pub use disable::{disable, enable};
pub use entity::{ActiveModel, Column, Entity, Model as User};
pub use find::{find_by_id, find_for_login, find_named, holders_of, roles_of, roles_of_each};
pub use first_administrator::{FirstAdministrator, ensure_first_administrator};
pub use identifier::{check_email, check_username, lookup_key};
pub use list::{Page, list};
pub use lookup_keys::fill_lookup_keys;
pub use set_password::set_password;
