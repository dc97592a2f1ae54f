use super::{Finding, HASH_WIDTH};
use crate::{
    Doorward,
    database::{self, Origin},
    password::{self, hash::Scheme},
    settings::WriteScheme,
};

pub(super) fn examine(doorward: &Doorward) -> Finding {
    let settings = doorward.settings();
    let scheme = password::write_scheme(settings, doorward.origin());
    let (name, length) = (scheme.name(), scheme.encoded_len());
    if length > HASH_WIDTH && database::enforces_widths(doorward.database()) {
        return Finding::fail(
            "write_scheme",
            format!("{name} hashes are {length} characters, and `users.password_hash` holds {HASH_WIDTH}"),
            "set `password.write_scheme` to werkzeug-pbkdf2, or widen the column",
        );
    }
    let explained = settings.password.write_scheme == WriteScheme::Auto && doorward.origin() == Origin::Adopted;
    if explained && !matches!(scheme, Scheme::Argon2id(_)) {
        return Finding::warn(
            "write_scheme",
            format!("passwords are written as {name}, so that the application whose database this is can read them"),
            "once it no longer checks passwords, set password.write_scheme = \"argon2id\"",
        );
    }
    Finding::ok("write_scheme", format!("passwords are written as {name}"))
}
