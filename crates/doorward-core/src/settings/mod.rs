//! Doorward's configuration.
//!
//! Every setting is declared once, in `table.rs`; its field, its default, its key in
//! `doorward.toml`, its environment name, `docs/configuration.md` and `doorward.example.toml`
//! come from there.
//!
//! [`load`] lays the layers over one another: defaults (of the profile), the file, the
//! environment, flags. [`check`] says what is contradictory, and what the profile `production`
//! refuses. [`show`] lists every value with where it came from, secrets masked.
//!
//! An embedding application can do without the layers: [`Settings`] is plain data.
//!
//! ```
//! # use doorward_core::settings::{check, Settings};
//! let mut settings = Settings::default();
//! settings.token.expiration = 900;
//! assert!(check(&settings).is_empty());
//! ```

mod check;
mod connection;
mod declare;
mod environment;
mod error;
mod file;
mod form;
mod listen;
mod load;
mod nearest;
mod reference;
mod rule;
mod secret;
mod show;
mod source;
mod table;
mod value;
mod words;

#[cfg(test)]
mod tests;

pub use check::{Problem, Severity, check, check_with};
pub use connection::ConnectionUrl;
pub use environment::NOT_SETTINGS;
pub use error::SettingsError;
pub use form::decode_seal_key;
pub use listen::Listen;
pub use load::{Loaded, Options, load};
pub use reference::{example_toml, reference_markdown};
pub use secret::{MASK, Secret};
pub use show::{Row, show};
pub use source::{Source, Sources};
pub use table::{
    Account, Api, ApiKeys, Argon2, Audit, Challenge, DatabasePool, FlaskSession, ForwardAuth, Http, Keys, Log, Login,
    Mail, Metrics, OldApplication, Otel, Password, PasswordPool, Registration, Revocations, Session, Settings,
    Shutdown, Throttle, Tls, Token,
};
pub use words::{
    Asked, FlaskAlgorithm, FlaskDigest, HttpStatus, LogFormat, Profile, Protection, RegistrationMode, SmtpTls,
    TokenFormat, WriteScheme,
};
