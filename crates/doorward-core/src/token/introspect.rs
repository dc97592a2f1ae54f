use std::sync::Arc;

use doorward_guard::{API_KEY_PREFIX, Credential, CredentialKind, CredentialSource, Denied, Identity};

use super::authenticate;
use crate::{
    Doorward, Error,
    database::UserId,
    session::Client,
    user::{self, User},
};

/// What a token or an API key is worth now.
#[derive(Debug)]
pub struct Introspected {
    /// Whose it is, and until when.
    pub identity: Arc<Identity>,
    /// What its roles may do.
    pub permissions: Vec<String>,
    /// The user's address, if it is confirmed.
    pub email: Option<String>,
}

/// What `token` is worth: an access token of either format or an API key. `None` where it opens no door now, whyever
/// (RFC 7662 §2.2). It is judged as at any door.
///
/// # Errors
/// [`Denied::Stale`] and [`Error::Unavailable`] where it can't be told.
pub async fn introspect(doorward: &Doorward, token: &str) -> Result<Option<Introspected>, Error> {
    let kind = if token.starts_with(API_KEY_PREFIX) { CredentialKind::ApiKey } else { CredentialKind::AccessToken };
    let credential = Credential { kind, source: CredentialSource::Authorization, value: token };
    let identity = match authenticate(doorward, &credential, &Client::default()).await {
        Ok(identity) => identity,
        Err(Error::Denied(Denied::Stale)) => return Err(Denied::Stale.into()),
        Err(Error::Denied(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    let user = user::find_by_id(doorward.database().reads(), UserId(identity.user_id)).await?;
    // Between the feed and this look at the row the user may have gone.
    let Some(user) = user.filter(|user: &User| user.is_enabled(doorward.now())) else { return Ok(None) };
    let permissions = doorward.permissions().of(&identity);
    let email = user.email.filter(|_| user.confirmed == Some(true)).map(|email| email.0);
    Ok(Some(Introspected { identity, permissions, email }))
}
