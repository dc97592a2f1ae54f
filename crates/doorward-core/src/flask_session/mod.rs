//! The Flask application's own cookies: its signed session with Flask-Login's sign-in, and the cookie by which it remembers
//! users. Whom Flask would see is seen here, and gets a session of Doorward's.

mod cookies;
// The macros make more of a row than this feature names.
#[allow(unreachable_pub)]
mod entity;
mod exchange;
mod identifier;
mod remember;
mod signed;

pub use cookies::{FlaskCookies, FlaskSignIn};
pub use exchange::{delete_outdated, recognise};
