//! Sessions: what a sign-in begins and a logout ends. Tokens, refresh tokens and the browser's cookie
//! all belong to one.

mod activity;
mod begin;
mod client;
mod device;
mod end;
mod end_own;
mod entity;
mod list;
mod log_in;
mod new_device;
mod prove;
mod recognise;
mod renew;
mod standing;
mod sweep;
mod take_over;

pub use activity::Activity;
pub(crate) use activity::NOTE_EVERY_SECONDS;
pub(crate) use begin::Beginning;
pub use client::{Client, fingerprint};
pub use device::Device;
pub(crate) use end::end_within;
pub use end::{EndReason, end, end_all, end_all_within, log_out};
pub use end_own::{end_others, end_own};
pub use entity::{ActiveModel, Column, Entity, Model as Session};
pub use list::{Page, list_of, page_of};
pub(crate) use log_in::wait_out;
pub use log_in::{LogIn, LoggedIn, log_in};
pub use prove::require_recent_proof;
pub use recognise::recognise;
pub(crate) use renew::renew_within;
pub use sweep::delete_outdated;
pub(crate) use take_over::{find_alive, take_over_within};
