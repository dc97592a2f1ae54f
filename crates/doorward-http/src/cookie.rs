use axum::response::Response;
use http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};

use crate::App;

/// Gives the browser its session cookie (RFC 6265 §4.1).
pub(crate) fn set(app: &App, response: &mut Response, value: &str) {
    put(app, response, app.cookie_name(), value, app.settings().session.absolute);
}

/// Gives the browser what tells it from strangers at its next sign-in. It signs nobody in.
pub(crate) fn set_device(app: &App, response: &mut Response, value: &str) {
    let days = u64::from(app.settings().throttle.trusted_device_days);
    put(app, response, app.device_cookie_name(), value, days * 24 * 60 * 60);
}

/// Takes it back.
pub(crate) fn clear(app: &App, response: &mut Response) {
    put(app, response, app.cookie_name(), "", 0);
}

/// The value of a cookie that came; none where it came several times.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(is, _)| *is == name).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

fn put(app: &App, response: &mut Response, name: &str, value: &str, max_age: u64) {
    let secure = if app.is_secure() { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(mut line) = HeaderValue::from_str(&line) {
        line.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, line);
    }
}
