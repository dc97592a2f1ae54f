use axum::extract::{FromRequestParts, RawPathParams};
use doorward_core::{Error, database::UserId};
use http::request::Parts;

use crate::envelope::Refusal;

/// The user that the path names. What can be no id names nobody: it is no error of another kind.
#[derive(Debug)]
pub(crate) struct NamedUser(pub(crate) UserId);

impl<S: Send + Sync> FromRequestParts<S> for NamedUser {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let id = segment(parts, state, "id").await;
        // `+1` and `01` are ids to `parse`, and would be second names of one user.
        let id = id.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0'));
        let id = id.and_then(|text| text.parse().ok()).ok_or(Error::UserNotFound)?;
        Ok(Self(UserId(id)))
    }
}

/// The role that the path names.
#[derive(Debug)]
pub(crate) struct NamedRole(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for NamedRole {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let name = segment(parts, state, "name").await;
        // No text of PostgreSQL holds it.
        Ok(Self(name.filter(|name| !name.contains('\0')).ok_or(Error::RoleNotFound)?))
    }
}

async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S, wanted: &str) -> Option<String> {
    let segments = RawPathParams::from_request_parts(parts, state).await.ok()?;
    segments.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
}
