use std::{collections::BTreeMap, time::Duration};

use axum::{
    Extension, Json,
    response::{IntoResponse, Response},
};
use doorward_core::database;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// The longest that the database may take to answer a probe.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether requests should come here, and if not, why.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` or `not ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// Each thing that was looked at: `ok`, or what is wrong with it.
    #[schema(example = json!({"database": "ok", "revocations": "ok"}))]
    checks: BTreeMap<&'static str, &'static str>,
}

/// Whether this replica can do all it is there for.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "Operation",
    responses(
        (status = 200, description = "It can.", body = Readiness),
        (status = 503, description = "It can't; `checks` says why.", body = Readiness),
    ),
)]
pub(crate) async fn show(Extension(app): Extension<App>) -> Response {
    let doorward = app.doorward();
    let asked = database::ping(doorward.database());
    let answers = matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(())));
    let stale = doorward.guard().is_stale(doorward.now().unix());
    let full = doorward.hashing().waiting() >= doorward.settings().password.pool.queue;
    let checks = BTreeMap::from([
        ("database", if answers { "ok" } else { "it does not answer" }),
        ("revocations", if stale { "not heard of for too long: every token is refused" } else { "ok" }),
        ("passwords", if full { "the queue is full: sign-ins are refused" } else { "ok" }),
    ]);
    let ready = answers && !stale;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = Readiness { status: if ready { "ready" } else { "not ready" }, checks };
    (status, Json(body)).into_response()
}
