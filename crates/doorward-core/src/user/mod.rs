//! Users: who may sign in, and how they are found.

mod address;
mod avatar;
mod change;
mod create;
mod create_and_mail;
mod delete;
mod deletion;
mod disable;
mod email;
mod entity;
mod export;
mod find;
mod find_page;
mod first_administrator;
mod identifier;
mod list;
mod lookup_keys;
mod set_password;

pub(crate) use address::give_address;
pub use address::{email_domain, email_key, normal_email};
pub use avatar::avatar_hash;
pub use change::{UserChange, change};
pub(crate) use create::taken;
pub use create::{NewUser, create, create_service};
pub use create_and_mail::create_and_mail;
pub use delete::delete;
pub use deletion::{cancel_deletion, delete_due, request_deletion, undelete};
pub(crate) use disable::enabled_at;
pub use disable::{Disabling, disable, disable_with, enable, end_disablings};
pub use email::{change_email, confirm_new_email, confirm_new_email_typed, undo_email_change};
pub use entity::{ActiveModel, Column, Entity, Model as User};
pub(crate) use export::harmless;
pub use export::{Export, ExportFormat, export};
pub(crate) use find::has_username_like;
pub use find::{find_by_email, find_by_id, find_for_login, find_named, holders_of, roles_of, roles_of_each};
pub use find_page::{After, FoundPage, SCANNED, Search, Sort, Wanted, find_page};
pub use first_administrator::{FirstAdministrator, ensure_first_administrator};
pub use identifier::{
    check_chosen_email, check_chosen_username, check_email, check_username, lookup_key, normal_username,
    username_skeleton,
};
pub(crate) use identifier::{check_foreign_username, give_username};
pub use list::{Page, list};
pub use lookup_keys::fill_lookup_keys;
pub(crate) use lookup_keys::{is_email_unkeyed, is_username_unkeyed};
pub use set_password::{set_password, set_password_for_once};
