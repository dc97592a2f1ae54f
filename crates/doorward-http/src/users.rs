//! `/users`: administration.

pub(crate) mod bulk;
pub(crate) mod disable;
pub(crate) mod enable;
pub(crate) mod export;
pub(crate) mod id;
mod listing;
pub(crate) mod logout;
pub(crate) mod reset_password;
pub(crate) mod roles;
pub(crate) mod sessions;
mod shown;
pub(crate) mod undelete;

use axum::{Extension, response::Response};
use doorward_core::user::{self, NewUser};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::{
    listing::{ListParameters, ListQuery},
    shown::{UserEnvelope, UserShown, show, show_all},
};
use crate::{
    App, Envelope,
    envelope::Refusal,
    extract::{Acting, Administrator, Fields, JsonBody, QueryFields, ReadFields},
};

/// A part of the users.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserPage {
    users: Vec<UserShown>,
    /// For `cursor`, to go on; null on the last page.
    next: Option<String>,
}

/// The envelope of [`UserPage`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct UserPageEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: UserPage,
}

/// Lists users: searched, filtered, in an order, a page at a time.
#[utoipa::path(
    get,
    path = "/users",
    tag = "Users",
    params(ListParameters),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "A page.", body = UserPageEnvelope),
        (status = 400, description = "`invalid_fields`: a parameter can't be taken, or the cursor is of another list."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn list(
    Extension(app): Extension<App>,
    _: Administrator,
    QueryFields(query): QueryFields<ListQuery>,
) -> Result<Envelope<UserPage>, Refusal> {
    let doorward = app.doorward();
    let page = user::find_page(doorward, &query.wanted()?, query.after().as_ref(), query.limit()?).await?;
    Ok(Envelope::successful(UserPage { users: show_all(doorward, page.users).await?, next: page.next }))
}

/// A user to be made. There is no password: the user chooses one by the link that is mailed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUserRequest {
    /// The user name.
    #[schema(example = "alice", max_length = 64)]
    username: String,
    /// The e-mail address.
    #[schema(example = "alice@example.com", max_length = 64)]
    email: String,
    /// Roles to grant at once.
    #[schema(example = json!([]))]
    roles: Option<Vec<String>>,
}

impl ReadFields for NewUserRequest {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.filled_text("username"),
            email: fields.filled_text("email"),
            roles: fields.optional_texts("roles"),
        }
    }
}

impl NewUserRequest {
    pub(super) fn as_new(&self) -> NewUser<'_> {
        NewUser {
            username: &self.username,
            email: Some(&self.email),
            password: None,
            confirmed: false,
            roles: self.roles.clone().unwrap_or_default(),
        }
    }
}

/// Makes a user, and mails the link to choose a password.
#[utoipa::path(
    post,
    path = "/users",
    tag = "Users",
    request_body = NewUserRequest,
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 201, description = "Made.", body = UserEnvelope,
            headers(("ETag", description = "For `If-Match` at a change."))),
        (status = 404, description = "`role_not_found`."),
        (status = 409, description = "`username_taken`, `email_taken`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn create(
    _: Administrator,
    Acting(doorward): Acting,
    JsonBody(body): JsonBody<NewUserRequest>,
) -> Result<Response, Refusal> {
    let user = user::create_and_mail(&doorward, body.as_new()).await?;
    Ok(show(&doorward, user, StatusCode::CREATED).await?)
}
