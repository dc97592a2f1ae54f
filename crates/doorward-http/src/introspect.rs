//! `/introspect`

use axum::{
    Extension, Form, Json,
    extract::rejection::FormRejection,
    response::{IntoResponse, Response},
};
use doorward_core::{Error, FieldProblem, api_key, token};
use doorward_guard::{CredentialKind, Format};
use http::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, ScopeName, envelope::Refusal, extract::Service};

/// [`api_key::INTROSPECT`]
pub(crate) struct Introspect;

impl ScopeName for Introspect {
    const NAME: &'static str = api_key::INTROSPECT;
}

/// What to look at (RFC 7662 §2.1). Other parameters are ignored (RFC 6749 §3.1).
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "it only describes the parameters")]
pub(crate) struct IntrospectionRequest {
    /// An access token of either format, or an API key.
    token: String,
    /// Not needed: what it is can be seen.
    token_type_hint: Option<String>,
}

/// What the token is worth (RFC 7662 §2.2). Of one that opens no door only `active` is told.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Introspection {
    /// Whether it opens a door now.
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
    /// `jwt`, `flask` or `api_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    doorward_kind: Option<&'static str>,
    /// The user's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "42")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// The user's address, if it is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// Unix seconds. Of an API key: when to ask again at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// Unix seconds; not of an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    /// What an API key is narrowed to, with spaces between. Others reach as far as their user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "read meters:read")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<String>>,
    /// What the roles may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Vec<String>>,
}

/// What a token or an API key is worth now (RFC 7662).
#[utoipa::path(
    post,
    path = "/introspect",
    tag = "For services",
    request_body(content = IntrospectionRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What it is worth.", body = Introspection),
        (status = 400, description = "`invalid_fields`, `malformed_request`."),
        (status = 401, description = "`service_required`: send a service's API key."),
        (status = 403, description = "`scope_required`: the key lacks the scope `introspect`."),
        (status = 413, description = "`request_too_large`."),
        (status = 415, description = "`unsupported_media_type`."),
        (status = 503, description = "`guard_stale`, `unavailable`: it can't be told now."),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn introspect(
    _: Service<Introspect>,
    Extension(app): Extension<App>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Refusal> {
    let token = token_of(form)?;
    let found = token::introspect(app.doorward(), &token).await?;
    let outcome = if found.is_some() { "active" } else { "inactive" };
    metrics::counter!("doorward_introspections_total", "outcome" => outcome).increment(1);
    let answer = found.map_or_else(Introspection::default, |found| describe(&app, found));
    // RFC 7662 §4: what was good a moment ago may be so no longer.
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

fn token_of(form: Result<Form<Vec<(String, String)>>, FormRejection>) -> Result<String, Error> {
    let Form(pairs) = form.map_err(|rejection| match rejection.status().as_u16() {
        413 => Error::TooLarge,
        415 => Error::UnsupportedMediaType,
        _ => Error::MalformedRequest("the form can't be read".into()),
    })?;
    let mut tokens = pairs.into_iter().filter(|(name, _)| name == "token").map(|(_, value)| value);
    let token = tokens.next().ok_or_else(|| Error::field("token", FieldProblem::Required))?;
    // RFC 6749 §3.1: parameters must not come twice.
    if tokens.next().is_some() {
        return Err(Error::field("token", FieldProblem::Duplicate));
    }
    if token.is_empty() { Err(Error::field("token", FieldProblem::Empty)) } else { Ok(token) }
}

fn describe(app: &App, found: token::Introspected) -> Introspection {
    let token::Introspected { identity, permissions, email } = found;
    let is_token = identity.kind == CredentialKind::AccessToken;
    let settings = app.settings();
    Introspection {
        active: true,
        token_type: Some("Bearer"),
        doorward_kind: Some(match identity.format {
            Some(Format::Jwt) => "jwt",
            Some(Format::Flask) => "flask",
            None => "api_key",
        }),
        sub: Some(identity.user_id.to_string()),
        username: identity.username.as_deref().map(str::to_owned),
        email,
        iss: (identity.format == Some(Format::Jwt)).then(|| settings.issuer().to_owned()),
        aud: (identity.format == Some(Format::Jwt)).then(|| settings.token.audience.clone()),
        exp: Some(identity.expires_at),
        iat: is_token.then_some(identity.issued_at),
        sid: identity.session_id.map(|id| id.to_string()),
        scope: identity.scopes.as_ref().map(|scopes| scopes.join(" ")),
        roles: Some(identity.roles.iter().map(std::string::ToString::to_string).collect()),
        permissions: Some(permissions),
    }
}
