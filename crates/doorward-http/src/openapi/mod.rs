//! The description of the API: what the doors say of themselves, and what holds for all of them.

use doorward_core::settings::{HttpStatus, Settings};
use utoipa::{
    OpenApi,
    openapi::{
        Content, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder, Schema, Server,
        path::Operation,
        schema::AnyOfBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::router::Doors;

mod schemas;

pub(crate) use schemas::always_null;

#[derive(OpenApi)]
#[openapi(
    components(schemas(schemas::ErrorAnswer, schemas::FieldErrorAnswer)),
    tags(
        (name = "Login", description = "Signing in and out."),
        (name = "Password", description = "Another password for who has forgotten theirs."),
        (name = "Registration", description = "Registering by oneself, and confirming the address."),
        (name = "Invitations", description = "Administration of invitations."),
        (name = "Me", description = "The signed-in user."),
        (name = "Users", description = "Administration of users."),
        (name = "Roles", description = "Administration of roles and what they permit."),
        (name = "Administration", description = "For administrators."),
        (name = "For services", description = "What other services need to verify tokens."),
        (name = "Operation", description = "For operators and their machines."),
    ),
)]
struct Description;

/// The OpenAPI 3.1 document, with the title, version and description that are configured.
pub fn openapi(settings: &Settings) -> utoipa::openapi::OpenApi {
    let mut api = Description::openapi();
    api.merge(Doors::openapi());
    api.info.title.clone_from(&settings.api.title);
    api.info.version.clone_from(&settings.api.version);
    api.info.description = Some(settings.api.description.clone());
    api.info.license = None;
    api.info.contact = None;
    api.servers = Some(vec![Server::new(settings.public_url.as_deref().unwrap_or("/"))]);
    if let Some(components) = &mut api.components {
        for (name, scheme) in security_schemes() {
            components.security_schemes.insert(name.to_owned(), scheme.into());
        }
    }
    for (path, item) in &mut api.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
            ("put", &mut item.put),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(operation_id(method, path));
                complete(operation);
                if settings.http_status == HttpStatus::Always200 {
                    fail_with_200(operation);
                }
            }
        }
    }
    api
}

/// `get_me`, `post_token_refresh`: as the Flask system names them. Functions of doors share short names, and ids must differ.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slash = if path.len() > 1 && path.ends_with('/') { Some("page") } else { None };
    [method].into_iter().chain(words).chain(slash).collect::<Vec<_>>().join("_")
}

fn security_schemes() -> [(&'static str, SecurityScheme); 3] {
    let header = ApiKeyValue::with_description("token", "The access token, as the Flask system takes it.");
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The access token, by RFC 6750.")).build();
    let cookie = ApiKeyValue::with_description("doorward", "The session cookie of a browser.");
    [
        ("token", SecurityScheme::ApiKey(ApiKey::Header(header))),
        ("bearer", SecurityScheme::Http(bearer)),
        ("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
    ]
}

/// What every door can answer besides its own: every failure is the same envelope, and every answer
/// has a request id.
fn complete(operation: &mut Operation) {
    if operation.request_body.is_some() {
        add(operation, "400", "`invalid_fields`, `malformed_request`, `unsupported_media_type`.");
        add(operation, "413", "`request_too_large`.");
    }
    add(operation, "408", "`request_timeout`.");
    add(operation, "421", "`misdirected_request`: the request is for another host than that of `public_url`.");
    add(operation, "500", "`internal_error`.");
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        response.headers.insert(
            "X-Request-Id".into(),
            HeaderBuilder::new().description(Some("The id under which the log tells of this request.")).build().into(),
        );
        let is_failure = status.starts_with('4') || status.starts_with('5');
        if is_failure && response.content.is_empty() {
            describe_failure(status, response);
        }
    }
}

/// Under `always-200` a failure comes with the status of a success, and only its body tells it apart.
fn fail_with_200(operation: &mut Operation) {
    let Some(RefOr::T(success)) = operation.responses.responses.get_mut("200") else { return };
    if let Some(RefOr::T(content)) = success.content.get_mut("application/json")
        && let Some(answer @ RefOr::Ref(_)) = content.schema.clone()
    {
        // The failure first, and not `oneOf`: it has all that a logout's answer has.
        let either = AnyOfBuilder::new().item(Ref::from_schema_name("ErrorAnswer")).item(answer);
        content.schema = Some(RefOr::T(Schema::AnyOf(either.build())));
    }
}

fn add(operation: &mut Operation, status: &str, description: &str) {
    operation
        .responses
        .responses
        .entry(status.to_owned())
        .or_insert_with(|| ResponseBuilder::new().description(description).build().into());
}

fn describe_failure(status: &str, response: &mut Response) {
    for media_type in ["application/json", "application/problem+json"] {
        let content = if media_type == "application/json" {
            Content::new(Some(Ref::from_schema_name("ErrorAnswer")))
        } else {
            Content::new(Some(utoipa::openapi::schema::Object::new()))
        };
        response.content.insert(media_type.to_owned(), content.into());
    }
    if status == "429" {
        for (name, text) in [
            ("RateLimit", "How many tries are left and when there are more (draft-ietf-httpapi-ratelimit-headers)."),
            ("RateLimit-Policy", "How many tries there are, and in how many seconds."),
        ] {
            response.headers.insert(name.into(), HeaderBuilder::new().description(Some(text)).build().into());
        }
    }
    if status == "503" || status == "429" {
        response
            .headers
            .insert("Retry-After".into(), HeaderBuilder::new().description(Some("Seconds.")).build().into());
    }
    if status == "401" {
        response.headers.insert(
            "WWW-Authenticate".into(),
            HeaderBuilder::new().description(Some("RFC 6750 §3, where a token was refused.")).build().into(),
        );
    }
}
