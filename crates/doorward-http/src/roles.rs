//! `/roles`

pub(crate) mod role;

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use doorward_core::role::{self as roles, NewRole, RoleShown};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App, Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, Fields, JsonBody, ReadFields},
};

/// A role, and what it permits.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleAnswer {
    #[schema(example = "editor")]
    name: String,
    #[schema(example = "Edits articles")]
    description: Option<String>,
    #[schema(example = json!(["articles:write"]))]
    permissions: Vec<String>,
}

impl From<RoleShown> for RoleAnswer {
    fn from(role: RoleShown) -> Self {
        Self { name: role.name, description: role.description, permissions: role.permissions }
    }
}

/// The envelope of [`RoleAnswer`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct RoleEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: RoleAnswer,
}

/// All roles.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleList {
    roles: Vec<RoleAnswer>,
}

/// The envelope of [`RoleList`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct RoleListEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: RoleList,
}

/// Lists the roles and what they permit.
#[utoipa::path(
    get,
    path = "/roles",
    tag = "Roles",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The roles.", body = RoleListEnvelope),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(Extension(app): Extension<App>, _: Administrator) -> Result<Envelope<RoleList>, Refusal> {
    let roles = roles::list(app.doorward().database().reads()).await?;
    Ok(Envelope::successful(RoleList { roles: roles.into_iter().map(Into::into).collect() }))
}

/// A role to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRoleRequest {
    /// Letters, digits and `. _ : -`.
    #[schema(example = "editor", max_length = 64)]
    name: String,
    /// What it is for.
    #[schema(example = "Edits articles", max_length = 1000)]
    description: Option<String>,
    /// What it permits: names as for roles, which mean what the application makes of them.
    #[schema(example = json!(["articles:write"]))]
    permissions: Option<Vec<String>>,
}

impl ReadFields for NewRoleRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.filled_text("name"),
            description: fields.optional_text("description"),
            permissions: fields.optional_texts("permissions"),
        }
    }
}

/// Makes a role.
#[utoipa::path(
    post,
    path = "/roles",
    tag = "Roles",
    request_body = NewRoleRequest,
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 201, description = "Made.", body = RoleEnvelope),
        (status = 409, description = "`role_taken`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn create(
    _: Administrator,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<NewRoleRequest>,
) -> Result<Response, Refusal> {
    let permissions = body.permissions.unwrap_or_default().into_iter().collect();
    let new = NewRole { name: body.name.clone(), description: body.description, permissions };
    roles::create(&doorward, new).await?;
    let role = roles::find(doorward.database().reads(), &body.name).await?;
    Ok(Envelope { code: 201, message: None, data: Some(RoleAnswer::from(role)) }.into_response())
}
