use doorward_guard::{CredentialKind, Denied, Identity};

use super::{Original, Require, Rule, admit};
use crate::{
    Doorward, Error, api_key,
    user::{self, User},
};

/// Whether a rule would let this user in: with a sign-in, or with an API key of these scopes.
///
/// # Errors
/// What a request of theirs would be refused with.
pub async fn would_admit(
    doorward: &Doorward,
    rule: &Rule,
    original: &Original,
    user: &User,
    scopes: Option<&[String]>,
) -> Result<(), Error> {
    let now = doorward.now();
    let standing = async {
        if !user.is_enabled(now) {
            return Err(Denied::UserUnknown.into());
        }
        let roles = user::roles_of(doorward.database().reads(), user.id).await?;
        let kind = if scopes.is_some() { CredentialKind::ApiKey } else { CredentialKind::SessionCookie };
        let mut identity = Identity::new(kind, b"", user.id.0, now.unix(), i64::MAX);
        identity.scopes = scopes.map(|scopes| scopes.iter().map(|scope| scope.as_str().into()).collect());
        identity.roles = api_key::narrowed(roles, &identity);
        Ok(identity)
    };
    let admitted = standing.await.and_then(|identity| admit(rule, original, &identity, doorward.permissions()));
    match (&rule.require, admitted) {
        (Require::Anybody, Err(Error::Denied(_) | Error::ScopeRequired { .. })) => Ok(()),
        (_, admitted) => admitted,
    }
}

/// Whether a rule lets in who isn't signed in.
///
/// # Errors
/// [`Denied::Missing`].
pub fn admits_nobody(rule: &Rule) -> Result<(), Error> {
    match rule.require {
        Require::Anybody => Ok(()),
        Require::SignedIn(_) => Err(Denied::Missing.into()),
    }
}
