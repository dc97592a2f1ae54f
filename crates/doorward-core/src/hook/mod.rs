//! What the embedding application may say before something happens. Of what has happened it hears by
//! [`crate::event::Listener`].

/// For implementing [`Hooks`] without a dependency of one's own.
pub use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::{Caller, Error, user::User};

/// Asked before something happens. Every method has a default that lets it happen: write those that you
/// need.
///
/// A veto is told to the client as it stands, under the error name `vetoed`. A method that waits, waits
/// within the request's time limit.
#[async_trait]
pub trait Hooks: Send + Sync + 'static {
    /// Whether this account may be made. Asked once all else about it is in order, and before it is
    /// written: another may still take the name.
    async fn before_register(&self, registration: &Registration<'_>) -> Result<(), Veto> {
        let _ = registration;
        Ok(())
    }

    /// Whether this user may sign in now. Asked after the right password only, so that a veto tells
    /// strangers nothing.
    async fn before_login(&self, sign_in: &SignIn<'_>) -> Result<(), Veto> {
        let _ = sign_in;
        Ok(())
    }

    /// Claims of the application's own for the user's access tokens of the format `jwt`. Called within a
    /// transaction, at sign-ins and refreshes: it must not wait. Whoever holds the token can read them.
    ///
    /// A name that is registered (RFC 7519 §4.1) or Doorward's own, or more than 2,048 bytes, is an error of
    /// the application: no token is issued, and the log says why.
    fn extra_claims(&self, user: &User) -> Map<String, Value> {
        let _ = user;
        Map::new()
    }
}

/// Who wants an account.
#[derive(Debug, Clone, Copy)]
pub struct Registration<'a> {
    /// The user name.
    pub username: Option<&'a str>,
    /// The address. Nobody has shown yet that it is theirs.
    pub email: Option<&'a str>,
    /// From where the request came.
    pub caller: &'a Caller,
}

/// Who signs in.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// Whom the name and the password are of.
    pub user: &'a User,
    /// From where the request came.
    pub caller: &'a Caller,
}

/// The application's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veto {
    /// Why, in the words that the client gets.
    pub reason: String,
}

impl Veto {
    /// No, for this reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl From<Veto> for Error {
    fn from(veto: Veto) -> Self {
        Self::Vetoed { reason: veto.reason }
    }
}

/// Lets everything happen.
#[derive(Debug)]
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}
