use doorward_guard::{CredentialKind, Denied, Identity};
use sea_orm::entity::prelude::*;

use super::Entity;
use crate::{
    Doorward, Error, FieldProblem,
    database::UserId,
    password::{self, Checked, MAX_PASSWORD_BYTES},
    throttle::{self, Purpose},
    user,
};

/// How far the clocks of two replicas may differ, in seconds.
const CLOCK_SKEW_SECONDS: i64 = 60;

/// Asks again who this is, before what a stolen session must not do: lets pass whoever sends the present
/// password, or signed in less than `login.fresh_seconds` ago. A password that is sent must be right,
/// however fresh the sign-in.
///
/// # Errors
/// [`Error::InvalidCredentials`] where the password is wrong, [`Error::FreshLoginRequired`] where none came
/// and the sign-in is too long ago, [`Error::TooManyTries`] where too many were wrong, [`Error::ApiKeyNotAllowed`] for an API key, whatever came with it.
pub async fn require_recent_proof(
    doorward: &Doorward,
    identity: &Identity,
    password: Option<&str>,
) -> Result<(), Error> {
    if identity.kind == CredentialKind::ApiKey {
        return Err(Error::ApiKeyNotAllowed);
    }
    let Some(password) = password else {
        return if is_fresh(doorward, identity).await? { Ok(()) } else { Err(Error::FreshLoginRequired) };
    };
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(Error::field("password", FieldProblem::TooLong { most: MAX_PASSWORD_BYTES, unit: "bytes" }));
    }
    let user = user::find_by_id(doorward.database().reads(), UserId(identity.user_id)).await?;
    let user = user.filter(|user| user.is_enabled(doorward.now())).ok_or(Denied::UserUnknown)?;
    // A stolen session must not be a place to guess at.
    let counted = throttle::check_try(doorward, Purpose::Password, &user.id.to_string()).await?;
    match password::check(doorward, Some(&user), password).await? {
        Checked::Right { .. } => counted.succeeded(doorward).await,
        Checked::Wrong => Err(Error::InvalidCredentials),
    }
}

/// Whether the sign-in itself is recent. A token that was refreshed is as old as its session; one of the
/// Flask application, which has none, is as old as itself.
async fn is_fresh(doorward: &Doorward, identity: &Identity) -> Result<bool, Error> {
    let signed_in_at = match identity.session_id {
        None => identity.issued_at,
        Some(id) => {
            let session = Entity::find_by_id(id.to_string()).one(doorward.database().reads()).await?;
            let Some(session) = session.filter(|session| session.fresh && session.ended_at.is_none()) else {
                return Ok(false);
            };
            session.created_at.unix()
        }
    };
    let most = i64::try_from(doorward.settings().login.fresh_seconds).unwrap_or(i64::MAX);
    let age = doorward.now().unix().saturating_sub(signed_in_at);
    Ok((-CLOCK_SKEW_SECONDS..most).contains(&age))
}
