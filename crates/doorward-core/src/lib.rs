//! The rules of Doorward and their tables: one folder a feature, and no HTTP.
//!
//! An operation takes the [`Doorward`] handle and plain values, and answers a
//! [`Result`] with [`Error`]. Every door calls the same operation: the JSON
//! endpoint, the command line, and later the pages and the import.

mod caller;
mod clock;
mod doorward;
mod error;
mod hexadecimal;
mod randomness;
mod words;

pub mod adopt;
pub mod api_key;
pub mod audit;
pub mod challenge;
pub mod database;
pub mod doctor;
pub mod event;
pub mod export;
pub mod flask_session;
pub mod forward_auth;
pub mod hook;
pub mod import;
pub mod invitation;
pub mod mail;
mod old_application;
pub mod one_time_code;
pub mod outbound;
pub mod password;
pub mod profile;
pub mod registration;
pub mod revocation;
pub mod role;
pub mod session;
pub mod settings;
pub mod signing_key;
pub mod throttle;
pub mod token;
pub mod transfer;
pub mod user;

pub use caller::{Actor, Caller};
pub use clock::{Clock, ManualClock, OffsetClock, SystemClock};
pub use doorward::{Doorward, Start};
pub use error::{Error, FieldError, FieldProblem};
pub use randomness::{Randomness, SystemRandomness, random_bytes};
pub use words::{Language, Words};
