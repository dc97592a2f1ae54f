use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use doorward_core::{
    Error,
    database::UserId,
    export::{self, Export},
};
use doorward_guard::{CredentialKind, Denied};
use futures_util::stream;
use http::{
    HeaderValue,
    header::{CONTENT_DISPOSITION, CONTENT_TYPE},
};
use utoipa::ToSchema;

use crate::{CurrentUser, envelope::Refusal, extract::Acting};

/// Everything that is stored about the user: a member a table.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes an answer")]
pub(crate) struct ExportEnvelope {
    #[schema(example = 200)]
    code: u16,
    message: Option<String>,
    #[schema(value_type = Object)]
    data: (),
}

/// Hands out everything that is stored about the user, without what would let somebody act as them.
#[utoipa::path(
    get,
    path = "/me/export",
    tag = "Me",
    security(("token" = []), ("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "`user`, `roles`, `sessions`, `refresh_tokens`, `api_keys`, `trusted_devices`, `one_time_codes`, `mails`, `activity`. However much it is, it is sent as it is read.", body = ExportEnvelope),
        (status = 401, description = "The token was refused."),
        (status = 403, description = "`api_key_not_allowed`, `token_missing`."),
        (status = 503, description = "`unavailable`, `guard_stale`."),
    ),
)]
pub(crate) async fn show(current: CurrentUser, Acting(doorward): Acting) -> Result<Response, Refusal> {
    if current.kind == CredentialKind::ApiKey {
        return Err(Error::ApiKeyNotAllowed.into());
    }
    let export = export::begin(&doorward, UserId(current.user_id)).await.map_err(|error| match error {
        Error::UserNotFound => Denied::UserUnknown.into(),
        error => error,
    })?;
    let head = format!(r#"{{"code":200,"message":null,"data":{{"user":{}"#, json(export.user()));
    let pages = stream::try_unfold((Some(head), Some(export)), next);
    let mut response = Body::from_stream(pages).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(r#"attachment; filename="doorward-export.json""#));
    Ok(response)
}

type State = (Option<String>, Option<Export>);

/// The next piece of the document. A failure on the way cuts the connection: half a document must not look
/// like a whole one.
async fn next((head, export): State) -> Result<Option<(Bytes, State)>, Error> {
    let Some(mut export) = export else { return Ok(None) };
    if let Some(head) = head {
        return Ok(Some((head.into(), (None, Some(export)))));
    }
    let Some(page) = export.next().await? else { return Ok(Some((Bytes::from_static(b"}}"), (None, None)))) };
    let mut text = if page.begins { format!(r#","{}":["#, page.section) } else { String::new() };
    for (index, row) in page.rows.iter().enumerate() {
        if index > 0 || !page.begins {
            text.push(',');
        }
        text.push_str(&json(row));
    }
    if page.ends {
        text.push(']');
    }
    Ok(Some((text.into(), (None, Some(export)))))
}

fn json(row: &serde_json::Map<String, serde_json::Value>) -> String {
    serde_json::to_string(row).unwrap_or_default()
}
