use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The process is alive.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the process is alive. Says nothing of the database: a restart would not mend that.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Operation",
    responses((status = 200, description = "It is.", body = Health)),
)]
pub(crate) async fn show() -> Json<Health> {
    Json(Health { status: "ok" })
}
