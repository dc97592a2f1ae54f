use std::path::Path;

use super::Finding;
use crate::{Doorward, database};

/// Files that others on this machine can read.
pub(super) fn examine(doorward: &Doorward) -> Vec<Finding> {
    let settings = doorward.settings();
    let mut secret = vec![settings.keys.seal_key_file.clone()];
    secret.extend(database::files(doorward.database()));
    secret.extend(settings.tls.key.clone());
    let open: Vec<_> = secret.iter().filter_map(|path| readable_by_others(path)).collect();
    if open.is_empty() { vec![Finding::ok("files", "nobody else on this machine can read a secret")] } else { open }
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        Finding::warn(
            "files",
            format!("{} can be read or written by others (mode {:o})", path.display(), mode & 0o777),
            format!("run: chmod 600 {}", path.display()),
        )
    })
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<Finding> {
    None
}
