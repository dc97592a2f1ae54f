use super::hash::{Argon2Params, RewritePolicy, Scheme};
use crate::{
    database::Origin,
    settings::{Settings, WriteScheme},
};

/// The scheme that passwords are written in: on an adopted database, unless configured otherwise,
/// one that the old application can read.
pub fn write_scheme(settings: &Settings, origin: Origin) -> Scheme {
    let argon2id = Scheme::Argon2id(Argon2Params {
        memory_kib: settings.password.argon2.memory_kib,
        iterations: settings.password.argon2.iterations,
        parallelism: settings.password.argon2.parallelism,
    });
    let werkzeug = Scheme::WerkzeugPbkdf2 { rounds: settings.password.werkzeug_rounds };
    match (settings.password.write_scheme, origin) {
        (WriteScheme::Argon2id, _) | (WriteScheme::Auto, Origin::Made) => argon2id,
        (WriteScheme::WerkzeugPbkdf2, _) | (WriteScheme::Auto, Origin::Adopted) => werkzeug,
        (WriteScheme::WerkzeugScrypt, _) => Scheme::WerkzeugScrypt,
    }
}

/// Which stored hashes are replaced at the next login: all others than the configured scheme, or,
/// while the old application reads them, only those that are too weak to stay.
pub fn write_policy(settings: &Settings, origin: Origin) -> RewritePolicy {
    match write_scheme(settings, origin) {
        Scheme::Argon2id(_) => RewritePolicy::Always,
        _ => RewritePolicy::OnlyWeak,
    }
}
