use axum::response::Response;
use http::{HeaderValue, header::SET_COOKIE};

use crate::App;

/// Gives the browser its session cookie (RFC 6265 §4.1).
pub(crate) fn set(app: &App, response: &mut Response, value: &str) {
    put(app, response, value, app.settings().session.absolute);
}

/// Takes it back.
pub(crate) fn clear(app: &App, response: &mut Response) {
    put(app, response, "", 0);
}

fn put(app: &App, response: &mut Response, value: &str, max_age: u64) {
    let secure = if app.is_secure() { "; Secure" } else { "" };
    let name = app.cookie_name();
    let line = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut line) = HeaderValue::from_str(&line) {
        line.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, line);
    }
}
