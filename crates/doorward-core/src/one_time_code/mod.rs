//! One-time codes: a link and, where a person may type it, a short code beside it, in one mail. Each is
//! bound to its purpose, its user and the address it was sent to; good once, and not for long.

mod entity;
mod issue;
mod link_token;
mod purpose;
mod redeem;
mod typed_code;

pub use entity::{ActiveModel, Column, Entity, Model as OneTimeCode};
pub use issue::{
    Issued, Lifetimes, asked_for, delete_outdated, issue_within, issued_at, issued_since, withdraw_within,
};
pub(crate) use link_token::LinkToken;
pub use purpose::Purpose;
pub use redeem::{MOST_TRIES, Redeemed, peek_link, redeem_link_within, redeem_typed_within};
