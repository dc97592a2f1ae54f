//! What may be a password, by NIST SP 800-63B-4 §3.1.1.2 and ASVS 5.0 V6.2: its length, and that nobody guesses
//! it. No rule of what it is composed of, and no end to its life.

mod breach;
mod common;
mod common_key;
mod context;
mod strength;

pub use breach::Breaches;
pub use strength::Advice;

use super::{MAX_PASSWORD_BYTES, NewPassword};
use crate::{Doorward, Error, FieldProblem, settings::Settings};

/// Whether `password` may be set, for a user of whom `about` tells: name, address, whatever else is known. The
/// one rule for everybody who sets one.
///
/// # Errors
/// [`Error::Invalid`] says of `field` what is wrong; [`Error::Busy`] where too many passwords wait already.
pub async fn check_new(
    doorward: &Doorward,
    field: &'static str,
    password: &NewPassword,
    about: &[&str],
) -> Result<(), Error> {
    let refuse = |problem| Error::field(field, problem);
    check_length(doorward.settings(), password).map_err(refuse)?;
    let words = context::words(doorward.settings(), about);
    if context::hangs_on(&words, password.expose()) {
        return Err(refuse(FieldProblem::Guessable(Advice::NamesYou)));
    }
    if common::is_common(password.expose()) {
        return Err(refuse(FieldProblem::TooCommon));
    }
    if let Some(advice) = strength::weakness(doorward, password, words).await? {
        return Err(refuse(FieldProblem::Guessable(advice)));
    }
    if breach::is_breached(doorward, password).await {
        return Err(refuse(FieldProblem::Breached));
    }
    Ok(())
}

fn check_length(settings: &Settings, password: &NewPassword) -> Result<(), FieldProblem> {
    if password.longest_bytes() > MAX_PASSWORD_BYTES {
        return Err(FieldProblem::TooLong { most: MAX_PASSWORD_BYTES, unit: "bytes" });
    }
    let least = settings.password.min_length;
    if password.expose().chars().count() < least {
        return Err(FieldProblem::TooShort { least, unit: "characters" });
    }
    Ok(())
}
