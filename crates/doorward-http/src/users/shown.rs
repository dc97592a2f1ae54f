use axum::response::{IntoResponse, Response};
use doorward_core::{
    Doorward, Error,
    database::{LenientText, StoredTime},
    profile,
    user::{self, User},
};
use http::{StatusCode, header::ETAG};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Envelope;

/// A user as administrators see them.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the table has as many")]
pub(crate) struct UserShown {
    #[schema(example = 1)]
    id: i64,
    #[schema(example = "alice")]
    username: Option<String>,
    #[schema(example = "alice@example.com")]
    email: Option<String>,
    confirmed: bool,
    name: Option<String>,
    location: Option<String>,
    about_me: Option<String>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    member_since: Option<String>,
    /// RFC 3339, UTC; to the minute.
    #[schema(format = DateTime)]
    last_seen: Option<String>,
    avatar_hash: Option<String>,
    language: Option<String>,
    /// Whether the account can't sign in now.
    disabled: bool,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// When the disabling ends by itself. RFC 3339, UTC.
    #[schema(format = DateTime)]
    disabled_until: Option<String>,
    disabled_reason: Option<String>,
    /// When the account is deleted, as its user asked. RFC 3339, UTC.
    #[schema(format = DateTime)]
    delete_after: Option<String>,
    must_change_password: bool,
    /// Whether this is a service: it has API keys, and no password.
    service: bool,
    #[schema(example = json!(["admin"]))]
    roles: Vec<String>,
}

/// The envelope of [`UserShown`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct UserEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    data: UserShown,
}

impl UserShown {
    fn new(user: User, roles: Vec<String>, now: StoredTime) -> Self {
        let text = |field: Option<LenientText>| field.map(|text| text.0);
        let disabled = !user.is_enabled(now);
        Self {
            id: user.id.0,
            username: text(user.username),
            email: text(user.email),
            confirmed: user.confirmed.unwrap_or(false),
            name: text(user.name),
            location: text(user.location),
            about_me: text(user.about_me),
            member_since: user.member_since.map(StoredTime::rfc3339),
            last_seen: user.last_seen.map(StoredTime::rfc3339),
            avatar_hash: text(user.avatar_hash),
            language: text(user.language),
            disabled,
            disabled_at: user.disabled_at.filter(|_| disabled).map(StoredTime::rfc3339),
            disabled_until: user.disabled_until.filter(|_| disabled).map(StoredTime::rfc3339),
            disabled_reason: text(user.disabled_reason.filter(|_| disabled)),
            delete_after: user.delete_after.map(StoredTime::rfc3339),
            must_change_password: user.must_change_password.unwrap_or(false),
            service: user.service.unwrap_or(false),
            roles,
        }
    }
}

/// The answer of one, with its validator.
pub(super) async fn show(doorward: &Doorward, user: User, status: StatusCode) -> Result<Response, Error> {
    let roles = user::roles_of(doorward.database().reads(), user.id).await?;
    let etag = profile::etag(&user, &roles);
    let shown = UserShown::new(user, roles, doorward.now());
    Ok(([(ETAG, etag)], Envelope { code: status.as_u16(), message: None, data: Some(shown) }).into_response())
}

/// A page of them, with the roles of all by one query.
pub(super) async fn show_all(doorward: &Doorward, users: Vec<User>) -> Result<Vec<UserShown>, Error> {
    let mut roles = user::roles_of_each(doorward.database().reads(), &users).await?;
    let now = doorward.now();
    let shown = users.into_iter().map(|user| {
        let roles = roles.remove(&user.id).unwrap_or_default();
        UserShown::new(user, roles, now)
    });
    Ok(shown.collect())
}
