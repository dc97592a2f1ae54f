//! `/roles/{name}`

use doorward_core::role::{self as roles, InUse, PermissionChange, RoleChange};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{RoleAnswer, RoleEnvelope};
use crate::{
    Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, Fields, JsonBody, NamedRole, QueryFields, ReadFields},
};

/// What to change of a role. What is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "null clears, and what is missing stays")]
pub(crate) struct RoleChangeRequest {
    /// What it is for; null clears it.
    #[schema(max_length = 1000)]
    description: Option<Option<String>>,
    /// What it permits, and nothing else any more.
    #[schema(example = json!(["articles:write"]))]
    permissions: Option<Vec<String>>,
}

impl ReadFields for RoleChangeRequest {
    fn read(fields: &mut Fields) -> Self {
        Self { description: fields.clearable_text("description"), permissions: fields.optional_texts("permissions") }
    }
}

/// Changes a role. Its permissions count within a second, in tokens of before too.
#[utoipa::path(
    patch,
    path = "/roles/{name}",
    tag = "Roles",
    params(("name" = String, Path, description = "The role's name.")),
    request_body = RoleChangeRequest,
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The role as it is now.", body = RoleEnvelope),
        (status = 404, description = "`role_not_found`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn change(
    _: Administrator,
    NamedRole(name): NamedRole,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<RoleChangeRequest>,
) -> Result<Envelope<RoleAnswer>, Refusal> {
    let permissions = body.permissions.map(|names| PermissionChange::Exactly(names.into_iter().collect()));
    roles::change(&doorward, &name, RoleChange { description: body.description, permissions }).await?;
    Ok(Envelope::successful(roles::find(doorward.database().reads(), &name).await?.into()))
}

/// How a role is deleted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// Whether it is taken from users who have it. Without, such a role stays.
    take_away: Option<bool>,
}

impl ReadFields for DeleteQuery {
    fn read(fields: &mut Fields) -> Self {
        Self { take_away: fields.optional_flag_word("take_away") }
    }
}

/// A role that is no more.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleDeleted {
    /// From how many users it was taken.
    taken_from: u64,
}

/// The envelope of [`RoleDeleted`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct RoleDeletedEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: RoleDeleted,
}

/// Deletes a role.
#[utoipa::path(
    delete,
    path = "/roles/{name}",
    tag = "Roles",
    params(("name" = String, Path, description = "The role's name."), DeleteQuery),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Deleted.", body = RoleDeletedEnvelope),
        (status = 400, description = "`invalid_fields`."),
        (status = 404, description = "`role_not_found`."),
        (status = 409, description = "`role_in_use`, `role_protected`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn delete(
    _: Administrator,
    NamedRole(name): NamedRole,
    QueryFields(query): QueryFields<DeleteQuery>,
    Acting(doorward): Acting,
) -> Result<Envelope<RoleDeleted>, Refusal> {
    let in_use = if query.take_away == Some(true) { InUse::TakeAway } else { InUse::Refuse };
    let taken_from = roles::delete(&doorward, &name, in_use).await?;
    Ok(Envelope::successful(RoleDeleted { taken_from }))
}
