//! What profile `production` refuses.

use std::path::Path;

use super::super::secret::Secret;
use super::super::table::{Argon2, Keys, Password, Settings};
use super::super::words::{Protection, WriteScheme};
use super::Rule;
use super::Severity::{Error, Warning};

const DAY: u64 = 24 * 60 * 60;

/// The least memory, in KiB, for a number of passes (OWASP Password Storage Cheat Sheet).
const ARGON2_MINIMA: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// Keys printed in documentation and tutorials, in lower case.
const PUBLISHED_KEYS: [&str; 3] = [
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    "_5#y2l\"f4q8z\\n\\xec]/",
    "you-will-never-guess",
];

/// What keys contain that someone meant to replace.
const PLACEHOLDERS: [&str; 9] = [
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "secretkey",
    "yoursecret",
    "hardtoguess",
    "supersecret",
    "thisisasecret",
];

/// Fewer different characters than this are a pattern, not a random key.
const DIFFERENT_CHARACTERS: usize = 8;

pub(super) const RULES: &[Rule] = &[
    Rule {
        key: "public_url",
        severity: Error,
        message: "is not set, so links and the issuer of tokens have no address of their own",
        way_out: "Set it to the address people use, such as `https://users.example.com`.",
        broken: |settings, _| settings.public_url.is_none(),
    },
    Rule {
        key: "public_url",
        severity: Error,
        message: "is not https, so passwords and tokens would travel in the clear",
        way_out: "Set an https address, and TLS here or in the proxy before it.",
        broken: |settings, _| settings.public_url.as_deref().is_some_and(|url| !url.starts_with("https://")),
    },
    Rule {
        key: "listen",
        severity: Error,
        message: "is open to other machines without TLS and without a trusted proxy, so passwords would travel in the clear",
        way_out: "Set `tls.certificate` and `tls.key`; or name the proxy that ends TLS in `http.trusted_proxies`; or listen on 127.0.0.1 or a Unix socket.",
        broken: |settings, _| {
            !settings.has_tls()
                && settings.http.trusted_proxies.is_empty()
                && settings.listen.iter().any(|address| !address.is_local())
        },
    },
    Rule {
        key: "http.trusted_proxies",
        severity: Error,
        message: "believes every address, so anyone can pretend to come from anywhere",
        way_out: "Name the proxies' own addresses.",
        broken: |settings, _| settings.http.trusted_proxies.iter().any(|net| net.prefix_len() == 0),
    },
    Rule {
        key: "http.cors_origins",
        severity: Error,
        message: "has an http origin, whose pages anyone on the way can change",
        way_out: "Use https origins only.",
        broken: |settings, _| {
            let insecure = |origin: &String| !origin.to_ascii_lowercase().starts_with("https://");
            settings.http.cors_origins.iter().any(insecure)
        },
    },
    Rule {
        key: "mail.smtp_tls",
        severity: Error,
        message: "is `off` for a mail server on another machine, so its password and links that open accounts would travel in the clear",
        way_out: "Set it to `auto`, or use `smtps://` in `mail.smtp_url`.",
        broken: |settings, _| {
            let mail = &settings.mail;
            let in_the_clear = mail.smtp_url.as_ref().is_some_and(|url| url.expose().starts_with("smtp://"));
            in_the_clear && !mail.requires_starttls() && !mail.is_smtp_local()
        },
    },
    Rule {
        key: "mail.smtp_url",
        severity: Warning,
        message: "is not set, so nobody gets a mail: no address is confirmed, no password reset",
        way_out: "Set it, and see whether it works with `doorward mail test ADDRESS`.",
        broken: |settings, _| settings.mail.smtp_url.is_none(),
    },
    Rule {
        key: "session.cookie",
        severity: Error,
        message: "is on without TLS, so sessions could be read on the way",
        way_out: "Set `tls.certificate` and `tls.key`, or an https `public_url` where a proxy ends TLS, or `session.cookie = false`.",
        broken: |settings, _| settings.session.cookie && !settings.reached_by_https(),
    },
    Rule {
        key: "session.protection",
        severity: Error,
        message: "is `off`, so a stolen cookie works anywhere",
        way_out: "Set it to `strong` or `basic`.",
        broken: |settings, _| settings.session.protection == Protection::Off,
    },
    Rule {
        key: "token.secret_keys",
        severity: Error,
        message: "has a key shorter than 32 bytes, which can be guessed from one token",
        way_out: "Put a new one first (`openssl rand -base64 48`), here and in the Flask application, and leave the short one out.",
        broken: |settings, _| settings.token.secret_keys.iter().any(|key| key.expose().len() < 32),
    },
    Rule {
        key: "token.secret_keys",
        severity: Error,
        message: "has a key that is well known or has a pattern",
        way_out: "Put a new one first (`openssl rand -base64 48`), here and in the Flask application, and leave the known one out.",
        broken: |settings, _| settings.token.secret_keys.iter().any(is_well_known),
    },
    Rule {
        key: "throttle.enabled",
        severity: Warning,
        message: "is off, so passwords can be guessed as fast as they are hashed",
        way_out: "Leave it on.",
        broken: |settings, _| !settings.throttle.enabled,
    },
    Rule {
        key: "token.expiration",
        severity: Warning,
        message: "is more than a day, a long time for a token that was stolen",
        way_out: "Let clients refresh: an hour is usual.",
        broken: |settings, _| settings.token.expiration > DAY,
    },
    Rule {
        key: "keys.seal_key_file",
        severity: Error,
        message: "is at its default and there is no such file, so one would be made in the working directory and may be lost with it",
        way_out: "Give the key in DOORWARD_KEYS__SEAL_KEY, or make it where it is kept (`umask 077; openssl rand -base64 32 > /etc/doorward/seal.key`) and name that file.",
        broken: |settings, exists| {
            let keys = &settings.keys;
            keys.seal_key.is_none()
                && keys.seal_key_file == Keys::default().seal_key_file
                && !exists(&keys.seal_key_file)
        },
    },
    Rule {
        key: "login.failure_time_ms",
        severity: Error,
        message: "is 0, so the time of a failed login tells which users exist",
        way_out: "Set it above the time of the slowest hash stored; 500 is the default.",
        broken: |settings, _| settings.login.failure_time_ms == 0,
    },
    Rule {
        key: "password.argon2.memory_kib",
        severity: Error,
        message: "and `password.argon2.iterations` are below what resists guessing (OWASP)",
        way_out: "Use 19456 KiB with 2 passes, the default, or 47104 with 1, 12288 with 3, 9216 with 4, 7168 with 5.",
        broken: |settings, _| is_weak(&settings.password.argon2),
    },
    Rule {
        key: "password.werkzeug_rounds",
        severity: Error,
        message: "is below what resists guessing (OWASP)",
        way_out: "Use 600000, the default, or more.",
        broken: |settings, _| {
            let password = &settings.password;
            matches!(password.write_scheme, WriteScheme::Auto | WriteScheme::WerkzeugPbkdf2)
                && password.werkzeug_rounds < Password::default().werkzeug_rounds
        },
    },
    Rule {
        key: "password.min_length",
        severity: Error,
        message: "is below 8 (NIST SP 800-63B-4 §3.1.1.2)",
        way_out: "Use 8 or more.",
        broken: |settings, _| settings.password.min_length < 8,
    },
    Rule {
        key: "database",
        severity: Error,
        message: "is in memory, so every user is lost when Doorward stops",
        way_out: "Name a file or a PostgreSQL database.",
        broken: |settings, _| {
            let url = settings.database.expose();
            url.starts_with("sqlite") && (url.contains(":memory:") || url.contains("mode=memory"))
        },
    },
    Rule {
        key: "database",
        severity: Warning,
        message: "is a file relative to the working directory, so a start elsewhere finds another or none",
        way_out: "Write its whole path, such as `sqlite:///var/lib/doorward/doorward.db`.",
        broken: |settings, _| sqlite_file(settings).is_some_and(Path::is_relative),
    },
    Rule {
        key: "database",
        severity: Warning,
        message: "is on another machine, and `sslmode` doesn't require TLS",
        way_out: "Add `?sslmode=verify-full` (or `require`) to the URL.",
        broken: |settings, _| is_remote_in_the_clear(settings.database.expose()),
    },
    Rule {
        key: "revocations.max_staleness",
        severity: Warning,
        message: "is 0, so a logout may go unnoticed while the database can't be reached",
        way_out: "Set the longest time that this may last; 60 is the default.",
        broken: |settings, _| settings.revocations.max_staleness == 0,
    },
    Rule {
        key: "log.level",
        severity: Error,
        message: "includes `trace`, which prints what libraries see, headers and statements among it",
        way_out: "Use `info`, or `debug` for a part.",
        broken: |settings, _| settings.log.level.split(',').any(traces),
    },
];

fn is_well_known(key: &Secret) -> bool {
    let key = zeroize::Zeroizing::new(key.expose().to_lowercase());
    let different: std::collections::HashSet<char> = key.chars().collect();
    let letters: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(key.chars().filter(char::is_ascii_alphanumeric).collect());
    different.len() < DIFFERENT_CHARACTERS
        || PUBLISHED_KEYS.contains(&key.as_str())
        || PLACEHOLDERS.iter().any(|placeholder| letters.contains(placeholder))
}

fn is_weak(argon2: &Argon2) -> bool {
    !ARGON2_MINIMA.iter().any(|(memory, passes)| argon2.memory_kib >= *memory && argon2.iterations >= *passes)
}

/// Whether a directive of the log's filter lets `trace` through: it names the level, or a part
/// without a level, which means all of it.
fn traces(directive: &str) -> bool {
    let directive = directive.trim();
    let quieter = ["off", "error", "warn", "info", "debug", "0", "1", "2", "3", "4", ""];
    directive.rsplit_once('=').map_or_else(
        || !quieter.contains(&directive.to_ascii_lowercase().as_str()),
        |(_, level)| level.eq_ignore_ascii_case("trace") || level == "5",
    )
}

fn sqlite_file(settings: &Settings) -> Option<&Path> {
    let url = settings.database.expose().strip_prefix("sqlite:")?;
    let path = url.strip_prefix("//").unwrap_or(url).split('?').next()?;
    (!path.is_empty() && path != ":memory:").then(|| Path::new(path))
}

fn is_remote_in_the_clear(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("postgres")) else {
        return false;
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    let hosts = place.rsplit('@').next().unwrap_or_default().split('/').next().unwrap_or_default();
    let hosts = parameters.clone().find(|(name, _)| *name == "host").map_or(hosts, |(_, host)| host);
    let is_near = |host: &str| {
        let name = host.strip_prefix("[::1]").map_or_else(|| host.split(':').next(), |_| Some("::1"));
        let name = name.unwrap_or_default();
        matches!(name, "" | "localhost" | "::1") || name.starts_with("127.") || name.starts_with(['/', '%'])
    };
    let is_required = parameters
        .any(|(name, mode)| matches!((name, mode), ("sslmode" | "ssl-mode", "require" | "verify-ca" | "verify-full")));
    !is_required && !hosts.split(',').all(is_near)
}

impl Settings {
    /// Whether browsers reach Doorward by HTTPS, here or through a proxy.
    pub(super) fn reached_by_https(&self) -> bool {
        self.has_tls() || self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}
