use doorward_core::settings::{Listen, Settings};

/// Why these settings are not for testing: known passwords and a clock that strangers set must never
/// stand before real users or other machines.
pub(crate) fn refuse_real_things(settings: &Settings) -> Result<(), (&'static str, &'static str)> {
    if settings.database.expose() != "sqlite::memory:" {
        return Err((
            "profile `testing` serves from memory only, and `database` names a real database",
            "leave `database` out, or use profile `development`",
        ));
    }
    if !settings.listen.iter().chain(&settings.metrics.listen).all(Listen::is_local) {
        return Err((
            "profile `testing` serves this machine only, and `listen` names an address that others reach",
            "listen on 127.0.0.1, or use profile `development`",
        ));
    }
    Ok(())
}
