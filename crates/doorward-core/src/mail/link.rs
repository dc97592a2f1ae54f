use crate::{Doorward, settings::Listen};

/// The link of a mail: to a page under `public_url`, and never to where a request says (security of resets). The
/// token stands behind `#`: browsers send it to no server, and write it in no `Referer`.
pub(crate) fn link(doorward: &Doorward, page: &str, token: &str) -> String {
    let settings = doorward.settings();
    let base = settings.public_url.clone().unwrap_or_else(|| {
        let first = settings.listen.iter().find_map(|listen| match listen {
            Listen::Tcp(address) => Some(format!("http://{address}")),
            Listen::Unix(_) => None,
        });
        first.unwrap_or_else(|| "http://localhost".to_owned())
    });
    format!("{}{page}#{token}", base.trim_end_matches('/'))
}
