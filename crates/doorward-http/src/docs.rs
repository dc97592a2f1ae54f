use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use doorward_core::Error;
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};
use utoipa_swagger_ui::Config;

use crate::{App, envelope::Refusal, openapi};

/// Swagger UI sets styles from its script; everything it loads comes from here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// The description of this API.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "Operation",
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value)),
)]
pub(crate) async fn openapi_json(Extension(app): Extension<App>) -> Json<utoipa::openapi::OpenApi> {
    Json(openapi::openapi(app.settings()))
}

/// The description of this API, where the Flask system has its own.
#[utoipa::path(
    get,
    path = "/swagger.json",
    tag = "Operation",
    responses((status = 200, description = "OpenAPI 3.1, as at `/openapi.json`.", body = serde_json::Value)),
)]
pub(crate) async fn swagger_json(app: Extension<App>) -> Json<utoipa::openapi::OpenApi> {
    openapi_json(app).await
}

/// Leads to the documentation, which the Flask system has here.
#[utoipa::path(
    get,
    path = "/",
    tag = "Operation",
    responses((status = 307, description = "To `/docs/`.")),
)]
pub(crate) async fn front() -> Redirect {
    Redirect::temporary("docs/")
}

/// Swagger UI.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "Operation",
    responses((status = 307, description = "To `/docs/`.")),
)]
pub(crate) async fn docs() -> Redirect {
    Redirect::temporary("docs/")
}

/// Swagger UI's page.
#[utoipa::path(
    get,
    path = "/docs/",
    tag = "Operation",
    responses((status = 200, description = "A page.", content_type = "text/html", body = String)),
)]
pub(crate) async fn page() -> Result<Response, Refusal> {
    file("index.html")
}

/// What Swagger UI's page loads.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    tag = "Operation",
    params(("file" = String, Path, description = "A file's name.")),
    responses(
        (status = 200, description = "The file.", content_type = "application/octet-stream", body = String),
        (status = 404, description = "`not_found`."),
    ),
)]
pub(crate) async fn asset(name: Result<Path<String>, PathRejection>) -> Result<Response, Refusal> {
    // What is rejected is no UTF-8 once it is decoded: no file has such a name.
    let Path(name) = name.map_err(|_| Error::PathNotFound)?;
    file(&name)
}

fn file(name: &str) -> Result<Response, Refusal> {
    // Relative to the page, so that it is right under whatever prefix the router is mounted at.
    let config = Config::from("../openapi.json").persist_authorization(false).try_it_out_enabled(true);
    let served = utoipa_swagger_ui::serve(name, Arc::new(config))
        .map_err(|error| Error::Internal(error.to_string()))?
        .ok_or(Error::PathNotFound)?;
    let mut response = served.bytes.into_owned().into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&served.content_type) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}
