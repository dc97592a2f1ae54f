use doorward_core::Error;
use http::{
    HeaderMap,
    header::{HOST, HeaderName, ORIGIN},
};

use crate::{App, app::host_of};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what a browser sends on behalf of another site. A request without these headers is no
/// browser's of the last years, and brings no cookie by itself.
pub(crate) fn check(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    check_at(app, app.public_host(), headers)
}

/// The same for a request to another host than Doorward's own.
pub(crate) fn check_at(app: &App, own_host: Option<&str>, headers: &HeaderMap) -> Result<(), Error> {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let origin = text(&ORIGIN);
    let is_allowed = origin.is_some_and(|origin| app.settings().http.cors_origins.iter().any(|one| one == origin));
    if is_allowed {
        return Ok(());
    }
    match text(&SEC_FETCH_SITE) {
        Some("same-origin" | "none") => return Ok(()),
        Some(_) => return Err(Error::CrossSite("Sec-Fetch-Site names another site")),
        None => {}
    }
    let Some(origin) = origin else { return Ok(()) };
    let own_host = own_host.or_else(|| text(&HOST));
    match (host_of(origin), own_host) {
        (Some(theirs), Some(ours)) if theirs.eq_ignore_ascii_case(ours) => Ok(()),
        _ => Err(Error::CrossSite("Origin names another site")),
    }
}
