use doorward_guard::{Credential, CredentialKind, CredentialSource, Format};
use serde::Serialize;

use super::authenticate;
use crate::{Doorward, Error, session::Client};

/// What a token says, and whether it is good: for an operator.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Whether it opens doors now.
    pub good: bool,
    /// The error's name where it does not.
    pub error: Option<String>,
    /// The exact reason where it does not.
    pub reason: Option<String>,
    /// `jwt` or `flask`.
    pub format: Option<&'static str>,
    /// Whose it is.
    pub user_id: Option<i64>,
    /// The session that it belongs to.
    pub session_id: Option<String>,
    /// Unix seconds.
    pub issued_at: Option<i64>,
    /// Unix seconds.
    pub expires_at: Option<i64>,
    /// The user's roles.
    pub roles: Vec<String>,
}

/// Says of a token whether it is good, or why not.
pub async fn inspect(doorward: &Doorward, token: &str) -> Result<Inspection, Error> {
    let credential =
        Credential { kind: CredentialKind::AccessToken, source: CredentialSource::TokenHeader, value: token };
    let mut inspection = Inspection {
        good: false,
        error: None,
        reason: None,
        format: None,
        user_id: None,
        session_id: None,
        issued_at: None,
        expires_at: None,
        roles: Vec::new(),
    };
    match authenticate(doorward, &credential, &Client::default()).await {
        Ok(identity) => {
            inspection.good = true;
            inspection.format = identity.format.map(|format| match format {
                Format::Jwt => "jwt",
                Format::Flask => "flask",
            });
            inspection.user_id = Some(identity.user_id);
            inspection.session_id = identity.session_id.map(|id| id.to_string());
            inspection.issued_at = Some(identity.issued_at);
            inspection.expires_at = Some(identity.expires_at);
            inspection.roles = identity.roles.iter().map(ToString::to_string).collect();
        }
        Err(Error::Denied(denied)) => {
            inspection.error = Some(denied.error_name().to_owned());
            inspection.reason = Some(denied.reason().to_owned());
        }
        Err(error) => return Err(error),
    }
    Ok(inspection)
}
