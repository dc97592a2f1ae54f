use std::{path::Path, time::Instant};

use super::{Finding, Verdict};
use crate::{
    Doorward, Error,
    database::{self, Engine, Origin},
    password::{
        self,
        hash::{SALT_LEN, Scheme},
    },
    role,
    settings::{self, Severity, WriteScheme},
    signing_key,
};

/// The column's width in the Flask system's table.
const HASH_WIDTH: usize = 128;

pub(super) async fn database(doorward: &Doorward) -> Result<Finding, Error> {
    let database = doorward.database();
    let complaints = database::check_integrity(database).await?;
    let version = database::engine_version(database).await?;
    if complaints.is_empty() {
        let location = database.location();
        return Ok(Finding::ok("database", format!("{version} at {location} answers")));
    }
    Ok(Finding::fail(
        "database",
        complaints.join("; "),
        "stop Doorward, and restore a backup or run `sqlite3 FILE .recover`",
    ))
}

pub(super) async fn migrations(doorward: &Doorward) -> Result<Finding, Error> {
    let states = database::migration_status(doorward.database()).await?;
    let missing: Vec<_> = states.iter().filter(|state| !state.applied).map(|state| state.name.as_str()).collect();
    if missing.is_empty() {
        return Ok(Finding::ok("migrations", format!("all {} steps are applied", states.len())));
    }
    Ok(Finding::fail("migrations", format!("missing: {}", missing.join(", ")), "run `doorward migrate up`"))
}

pub(super) async fn triggers(doorward: &Doorward) -> Result<Finding, Error> {
    if database::has_triggers(doorward.database()).await? {
        return Ok(Finding::ok("triggers", "deleting a user anywhere takes sessions and roles along"));
    }
    Ok(Finding::fail(
        "triggers",
        "the trigger on `users` is gone, perhaps with a table that was rebuilt: a deleted user's sessions and roles stay",
        "run `doorward migrate up`; every start does it too",
    ))
}

pub(super) async fn clock(doorward: &Doorward) -> Result<Finding, Error> {
    let ours = doorward.now();
    let theirs = database::server_time(doorward.database()).await?;
    let apart = (ours.unix() - theirs.unix()).abs();
    if apart > 5 {
        return Ok(Finding::warn(
            "clock",
            format!("this machine's clock and the database's are {apart} s apart"),
            "set both by NTP: tokens are refused when clocks differ by more than a minute",
        ));
    }
    Ok(Finding::ok("clock", format!("{} UTC", ours.utc().format("%Y-%m-%d %H:%M:%S"))))
}

pub(super) async fn keys(doorward: &Doorward) -> Result<Finding, Error> {
    let keys = signing_key::list(doorward).await?;
    let Some(signing) = keys.iter().find(|key| key.state == "signing") else {
        return Ok(Finding::fail("keys", "no key signs", "run `doorward key rotate`"));
    };
    let days = (doorward.now().utc() - signing.created_at).num_days();
    let limit = i64::from(doorward.settings().token.key_rotation_days);
    if limit > 0 && days > limit + 1 {
        return Ok(Finding::warn(
            "keys",
            format!("the signing key is {days} days old"),
            "a running Doorward rotates it by itself; run `doorward key rotate` if none runs",
        ));
    }
    Ok(Finding::ok("keys", format!("{} key(s) open; the signing one is {days} day(s) old", keys.len())))
}

/// Files that others on this machine can read.
pub(super) fn files(doorward: &Doorward) -> Vec<Finding> {
    let settings = doorward.settings();
    let mut secret = vec![settings.keys.seal_key_file.clone()];
    if doorward.database().engine() == Engine::Sqlite {
        secret.push(doorward.database().location().into());
    }
    secret.extend(settings.tls.key.clone());
    secret.iter().filter_map(|path| readable_by_others(path)).collect()
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

pub(super) fn configuration(doorward: &Doorward) -> Vec<Finding> {
    let problems = settings::check(doorward.settings());
    if problems.is_empty() {
        return vec![Finding::ok("configuration", "nothing is wrong")];
    }
    problems
        .into_iter()
        .map(|problem| Finding {
            verdict: if problem.severity == Severity::Error { Verdict::Fail } else { Verdict::Warn },
            ..Finding::warn("configuration", format!("{}: {}", problem.key, problem.message), problem.way_out)
        })
        .collect()
}

pub(super) fn write_scheme(doorward: &Doorward) -> Finding {
    let settings = doorward.settings();
    let scheme = password::write_scheme(settings, doorward.origin());
    let (name, length) = (scheme.name(), scheme.encoded_len());
    if length > HASH_WIDTH && doorward.database().engine() == Engine::Postgres {
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

pub(super) async fn administrators(doorward: &Doorward) -> Result<Finding, Error> {
    if role::has_administrator(doorward.database().reads()).await? {
        return Ok(Finding::ok("administrators", "there is one"));
    }
    Ok(Finding::warn("administrators", "nobody administers", "run `doorward user grant NAME admin`"))
}

/// How long a hash takes here, and whether the answer to a failed login hides the slowest stored one.
pub(super) async fn hash_speed(doorward: &Doorward, slowest: Option<(&'static str, u64)>) -> Result<Finding, Error> {
    let scheme = password::write_scheme(doorward.settings(), doorward.origin());
    let begun = Instant::now();
    doorward
        .hashing()
        .run(move |scratch| scheme.hash("a password to measure with", &[0; SALT_LEN], scratch).is_ok())
        .await?;
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let threads = doorward.hashing().threads() as u64;
    let rate = threads * 1000 / milliseconds;
    let detail = format!("{} takes {milliseconds} ms here: about {rate} sign-ins a second", scheme.name());
    let hidden = doorward.settings().login.failure_time_ms;
    // A stored hash's estimate is for a slow core; a current one takes a half of it.
    let (family, slow) = slowest.map_or(("", 0), |(family, ns)| (family, ns / 2_000_000));
    if hidden > 0 && hidden < slow.max(milliseconds) {
        return Ok(Finding::warn(
            "hash_speed",
            format!("{detail}; checking {family} takes longer than the {hidden} ms after which failures are answered"),
            format!("set login.failure_time_ms to {} or more", slow.max(milliseconds) * 3 / 2),
        ));
    }
    Ok(Finding::ok("hash_speed", detail))
}
