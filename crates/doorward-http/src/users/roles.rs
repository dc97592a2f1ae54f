//! `/users/{id}/roles`

use axum::Extension;
use doorward_core::{Doorward, Error, database::UserId, role, user};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, Fields, JsonBody, NamedRole, NamedUser, ReadFields},
};

/// The roles of a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserRoles {
    #[schema(example = json!(["admin"]))]
    roles: Vec<String>,
}

/// The envelope of [`UserRoles`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct UserRolesEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: UserRoles,
}

async fn roles_of(doorward: &Doorward, id: UserId) -> Result<Envelope<UserRoles>, Refusal> {
    let roles = user::roles_of(doorward.database().reads(), id).await?;
    Ok(Envelope::successful(UserRoles { roles }))
}

/// Lists the roles of a user.
#[utoipa::path(
    get,
    path = "/users/{id}/roles",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The roles.", body = UserRolesEnvelope),
        (status = 404, description = "`user_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(
    Extension(app): Extension<App>,
    _: Administrator,
    NamedUser(id): NamedUser,
) -> Result<Envelope<UserRoles>, Refusal> {
    user::find_by_id(app.doorward().database().reads(), id).await?.ok_or(Error::UserNotFound)?;
    roles_of(app.doorward(), id).await
}

/// A role to grant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantRequest {
    /// The role's name.
    #[schema(example = "admin", max_length = 64)]
    role: String,
}

impl ReadFields for GrantRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { role: fields.filled_text("role") }
    }
}

/// Gives a user a role. It counts in their tokens within a second.
#[utoipa::path(
    post,
    path = "/users/{id}/roles",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id.")),
    request_body = GrantRequest,
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The roles that the user has now.", body = UserRolesEnvelope),
        (status = 404, description = "`user_not_found`, `role_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn grant(
    _: Administrator,
    NamedUser(id): NamedUser,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<GrantRequest>,
) -> Result<Envelope<UserRoles>, Refusal> {
    if body.role.contains('\0') {
        return Err(Error::RoleNotFound.into());
    }
    role::grant(&doorward, id, &body.role).await?;
    roles_of(&doorward, id).await
}

/// Takes a role from a user. It counts in their tokens within a second.
#[utoipa::path(
    delete,
    path = "/users/{id}/roles/{name}",
    tag = "Users",
    params(("id" = String, Path, description = "The user's id."), ("name" = String, Path, description = "The role's name.")),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The roles that the user has now.", body = UserRolesEnvelope),
        (status = 404, description = "`user_not_found`; `role_not_found`: the user doesn't have it."),
        (status = 409, description = "`last_administrator`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn revoke(
    _: Administrator,
    NamedUser(id): NamedUser,
    NamedRole(name): NamedRole,
    Acting(doorward): Acting,
) -> Result<Envelope<UserRoles>, Refusal> {
    if !role::revoke(&doorward, id, &name).await? {
        return Err(Error::RoleNotFound.into());
    }
    roles_of(&doorward, id).await
}
