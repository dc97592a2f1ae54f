use std::time::Duration;

use http::{
    Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::Full;
use serde_json::{Map, Value, json};

use crate::{Doorward, import::ImportedUser, outbound::Limits};

/// The longest answer that is read, in bytes.
const MOST_BYTES: usize = 256 * 1024;

/// What the application says.
pub(super) enum Answer {
    /// The password is the user's.
    Right(Box<ImportedUser>),
    /// It isn't, or there is no such user.
    Wrong,
}

/// Asks by `POST` of `{"username", "password"}`. A status of 2xx says that the password is right, unless a member `code` says
/// something else than 200, as the Flask system's envelope does; a member `user` has what is known of the user. 400, 401, 403,
/// 404 and 422 say that it isn't.
pub(super) async fn ask(doorward: &Doorward, url: &str, identifier: &str, password: &str) -> Result<Answer, String> {
    let settings = &doorward.settings().old_application;
    let mut request = Request::post(url).header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json");
    if let Some(secret) = &settings.secret {
        request = request.header(AUTHORIZATION, format!("Bearer {}", secret.expose()));
    }
    let body = json!({"username": identifier, "password": password}).to_string();
    let request = request.body(Full::from(body)).map_err(|_| "`old_application.login_url` is no URL".to_owned())?;
    let limits = Limits { time: Duration::from_millis(settings.timeout_ms), body_bytes: MOST_BYTES };
    let answer = doorward.outbound().send(request, limits).await.map_err(|error| error.to_string())?;
    match answer.status.as_u16() {
        200..=299 => read(identifier, &answer.body),
        400 | 401 | 403 | 404 | 422 => Ok(Answer::Wrong),
        status => Err(format!("it answers {status}")),
    }
}

fn read(identifier: &str, body: &[u8]) -> Result<Answer, String> {
    let Ok(Value::Object(mut answer)) = serde_json::from_slice(body) else {
        return Err("its answer is no JSON object".to_owned());
    };
    if answer.get("code").is_some_and(|code| code.as_u64() != Some(200)) {
        return Ok(Answer::Wrong);
    }
    let told = match answer.remove("user") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(user)) => user,
        Some(_) => return Err("its `user` is no object".to_owned()),
    };
    let mut user: ImportedUser = serde_json::from_value(Value::Object(told))
        .map_err(|_| "its `user` has a member that no user has".to_owned())?;
    if user.username.is_none() && user.email.is_none() {
        let name = if identifier.contains('@') { &mut user.email } else { &mut user.username };
        *name = Some(identifier.to_owned());
    }
    Ok(Answer::Right(Box::new(user)))
}
