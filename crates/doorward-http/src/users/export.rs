//! `GET /users/export`

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use doorward_core::{
    Error,
    user::{self, ExportFormat},
};
use http::{
    HeaderValue,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use utoipa::IntoParams;

use super::listing::{ListParameters, ListQuery};
use crate::{
    envelope::Refusal,
    extract::{Acting, Administrator, Fields, QueryFields, ReadFields},
    streamed::streamed,
};

/// What is exported, and how.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes a parameter")]
pub(crate) struct FormatParameter {
    /// `csv` (as without), whose cells no spreadsheet runs as formulas, or `ndjson`.
    #[param(inline, value_type = Option<FormatWord>)]
    format: Option<String>,
}

#[derive(utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes a parameter")]
pub(crate) enum FormatWord {
    Csv,
    Ndjson,
}

/// The filters of the list, and the form.
pub(crate) struct ExportQuery {
    list: ListQuery,
    format: ExportFormat,
}

impl ReadFields for ExportQuery {
    fn read(fields: &mut Fields) -> Self {
        let format = fields.optional_word("format", |text| match text {
            "csv" => Some(ExportFormat::Csv),
            "ndjson" => Some(ExportFormat::Ndjson),
            _ => None,
        });
        Self { list: ListQuery::read(fields), format: format.unwrap_or(ExportFormat::Csv) }
    }
}

/// Exports users, as many as there are, a part at a time.
#[utoipa::path(
    get,
    path = "/users/export",
    tag = "Users",
    params(FormatParameter, ListParameters),
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The users, one a line.", content((String = "text/csv"), (String = "application/x-ndjson"))),
        (status = 400, description = "`invalid_fields`."),
        (status = 401, description = "The token was refused: `token_expired`, `token_revoked`, `token_malformed`, `token_invalid`, …"),
        (status = 403, description = "`token_missing`; `role_required`: only for administrators; `cross_site_request`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn export(
    _: Administrator,
    Acting(doorward): Acting,
    QueryFields(query): QueryFields<ExportQuery>,
) -> Result<Response, Refusal> {
    let mut export = user::export(&doorward, query.list.wanted()?, query.format).await?;
    let (content_type, name) = match query.format {
        ExportFormat::Csv => ("text/csv; charset=utf-8; header=present", "attachment; filename=\"users.csv\""),
        ExportFormat::Ndjson => ("application/x-ndjson", "attachment; filename=\"users.ndjson\""),
    };
    let body: Body = streamed(async move |out| {
        while let Some(part) = export.next_part().await? {
            if !out.send(Bytes::from(part)).await {
                break;
            }
        }
        Ok::<_, Error>(())
    });
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(content_type)), (CONTENT_DISPOSITION, HeaderValue::from_static(name))];
    Ok((headers, body).into_response())
}
