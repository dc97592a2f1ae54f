//! Sessions: what a sign-in begins and a logout ends. Tokens, refresh tokens and the browser's cookie
//! all belong to one.

mod activity;
mod begin;
mod client;
mod end;
mod entity;
mod list;
mod log_in;
mod recognise;

pub use activity::Activity;
pub(crate) use activity::NOTE_EVERY_SECONDS;
pub use client::{Client, fingerprint};
pub(crate) use end::end_within;
pub use end::{EndReason, delete_outdated, end, end_all, end_all_within, log_out};
pub use entity::{ActiveModel, Column, Entity, Model as Session};
pub use list::list_of;
pub use log_in::{LogIn, LoggedIn, log_in};
pub use recognise::recognise;
