use crate::Doorward;

/// The link of a mail: to a page under `public_url`, and never to where a request says (security of resets). The
/// token stands behind `#`: browsers send it to no server, and write it in no `Referer`.
pub(crate) fn link(doorward: &Doorward, page: &str, token: &str) -> String {
    let base = doorward.settings().link_base();
    format!("{}{page}#{token}", base.trim_end_matches('/'))
}
