use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use doorward_core::signing_key;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::App;

/// The public keys that verify access tokens (RFC 7517).
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "For services",
    responses((status = 200, description = "A JWK set. It may be cached for a minute.", content_type = "application/jwk-set+json", body = serde_json::Value)),
)]
pub(crate) async fn show(Extension(app): Extension<App>) -> Response {
    let keys = signing_key::published(app.doorward());
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=60")];
    (headers, keys.to_string()).into_response()
}
