//! Settings that contradict one another, under any profile.

use super::super::words::{Asked, Profile, RegistrationMode, TokenFormat, WriteScheme};
use super::Rule;
use super::Severity::{Error, Warning};

/// What scrypt with Werkzeug's parameters (N = 2^15, r = 8) takes.
const WERKZEUG_SCRYPT_KIB: u64 = 32 * 1024;

pub(super) const RULES: &[Rule] = &[
    Rule {
        key: "listen",
        severity: Error,
        message: "names the same address twice",
        way_out: "Leave one of them out, also where it is `metrics.listen`.",
        broken: |settings, _| {
            let all: Vec<_> = settings.listen.iter().chain(&settings.metrics.listen).collect();
            // Port 0 is another free port each time.
            let fixed = |address: &super::super::Listen| match address {
                super::super::Listen::Tcp(address) => address.port() != 0,
                super::super::Listen::Unix(_) => true,
            };
            (1..all.len()).any(|at| fixed(all[at]) && all[..at].contains(&all[at]))
        },
    },
    Rule {
        key: "listen",
        severity: Warning,
        message: "is open to other machines under profile `testing`",
        way_out: "Use profile `production`, or listen on 127.0.0.1.",
        broken: |settings, _| {
            settings.profile == Profile::Testing && !settings.listen.iter().all(super::super::Listen::is_local)
        },
    },
    Rule {
        key: "tls.certificate",
        severity: Error,
        message: "and `tls.key` need one another, and only one is set",
        way_out: "Set both for TLS, or neither for plain HTTP.",
        broken: |settings, _| settings.tls.certificate.is_some() != settings.tls.key.is_some(),
    },
    Rule {
        key: "registration.domains",
        severity: Error,
        message: "is empty, and `registration.mode = \"domain\"` needs one",
        way_out: "Name the domains whose addresses can register.",
        broken: |settings, _| {
            settings.registration.mode == RegistrationMode::Domain && settings.registration.domains.is_empty()
        },
    },
    Rule {
        key: "registration.email",
        severity: Error,
        message: "is not `required`, and `registration.mode = \"domain\"` goes by the address",
        way_out: "Set it to `required`.",
        broken: |settings, _| {
            settings.registration.mode == RegistrationMode::Domain && settings.registration.email != Asked::Required
        },
    },
    Rule {
        key: "login.require_confirmed",
        severity: Error,
        message: "is off, and under `registration.mode = \"domain\"` nobody would have to show that the address is theirs",
        way_out: "Set it to `true`.",
        broken: |settings, _| {
            settings.registration.mode == RegistrationMode::Domain && !settings.login.require_confirmed
        },
    },
    Rule {
        key: "login.require_confirmed",
        severity: Error,
        message: "is on, and who registers without an address could never sign in",
        way_out: "Set `registration.email = \"required\"`.",
        broken: |settings, _| {
            settings.login.require_confirmed
                && settings.registration.mode != RegistrationMode::Closed
                && settings.registration.email != Asked::Required
        },
    },
    Rule {
        key: "registration.username",
        severity: Error,
        message: "and `registration.email` are both `never`, so nobody could say who they are",
        way_out: "Set one of them to `required`.",
        broken: |settings, _| {
            settings.registration.username == Asked::Never && settings.registration.email == Asked::Never
        },
    },
    Rule {
        key: "token.secret_keys",
        severity: Error,
        message: "is empty, and `token.format = \"flask\"` needs a key",
        way_out: "Give the Flask application's SECRET_KEY, or set `token.format = \"jwt\"`.",
        broken: |settings, _| settings.token.format == TokenFormat::Flask && settings.token.secret_keys.is_empty(),
    },
    Rule {
        key: "token.refresh_expiration",
        severity: Warning,
        message: "is not longer than `token.expiration`, so refreshing gains nothing",
        way_out: "Make it longer.",
        broken: |settings, _| settings.token.refresh_expiration <= settings.token.expiration,
    },
    Rule {
        key: "challenge.secret",
        severity: Error,
        message: "is not set, and the verifier at `challenge.verify_url` asks for it",
        way_out: "Set it, or leave `challenge.verify_url` out.",
        broken: |settings, _| settings.challenge.verify_url.is_some() && settings.challenge.secret.is_none(),
    },
    Rule {
        key: "throttle.longest_wait",
        severity: Error,
        message: "is shorter than `throttle.first_wait`",
        way_out: "Make it at least as long.",
        broken: |settings, _| settings.throttle.longest_wait < settings.throttle.first_wait,
    },
    Rule {
        key: "keys.seal_key",
        severity: Warning,
        message: "is set, so `keys.seal_key_file` is not read",
        way_out: "Leave one of them out.",
        broken: |settings, _| {
            let keys = &settings.keys;
            keys.seal_key.is_some() && keys.seal_key_file != super::super::Keys::default().seal_key_file
        },
    },
    Rule {
        key: "session.inactivity",
        severity: Warning,
        message: "is longer than `session.absolute`, which ends every session before it",
        way_out: "Make it shorter, or `session.absolute` longer.",
        broken: |settings, _| settings.session.inactivity > settings.session.absolute,
    },
    Rule {
        key: "login.failure_time_ms",
        severity: Error,
        message: "is not shorter than `http.request_timeout_ms`, so failed logins would time out",
        way_out: "Make it shorter.",
        broken: |settings, _| settings.login.failure_time_ms >= settings.http.request_timeout_ms,
    },
    Rule {
        key: "database_pool.acquire_timeout_ms",
        severity: Warning,
        message: "is longer than `http.request_timeout_ms`, which ends the request before it",
        way_out: "Make it shorter.",
        broken: |settings, _| settings.database_pool.acquire_timeout_ms > settings.http.request_timeout_ms,
    },
    Rule {
        key: "database_pool.statement_timeout_ms",
        severity: Warning,
        message: "is longer than `http.request_timeout_ms`: the database works on after the answer",
        way_out: "Make it shorter.",
        broken: |settings, _| settings.database_pool.statement_timeout_ms > settings.http.request_timeout_ms,
    },
    Rule {
        key: "password.argon2.memory_kib",
        severity: Error,
        message: "is less than 8 KiB for each lane (RFC 9106 §3.1)",
        way_out: "Raise it, or lower `password.argon2.parallelism`.",
        broken: |settings, _| {
            let argon2 = &settings.password.argon2;
            u64::from(argon2.memory_kib) < 8 * u64::from(argon2.parallelism)
        },
    },
    Rule {
        key: "password.max_memory_kib",
        severity: Error,
        message: "is less than a hash takes that Doorward would write, which could then not be checked",
        way_out: "Raise it above `password.argon2.memory_kib`, and above 32768 for `werkzeug-scrypt`.",
        broken: |settings, _| {
            let password = &settings.password;
            let written = match password.write_scheme {
                WriteScheme::Auto | WriteScheme::Argon2id => u64::from(password.argon2.memory_kib),
                WriteScheme::WerkzeugScrypt => WERKZEUG_SCRYPT_KIB,
                WriteScheme::WerkzeugPbkdf2 => 0,
            };
            password.max_memory_kib < written
        },
    },
    Rule {
        key: "revocations.poll_ms",
        severity: Error,
        message: "is not shorter than `revocations.max_staleness`, so requests would be refused between two polls",
        way_out: "Make it shorter, or `revocations.max_staleness` longer.",
        broken: |settings, _| {
            let revocations = &settings.revocations;
            revocations.max_staleness != 0 && revocations.poll_ms >= revocations.max_staleness.saturating_mul(1_000)
        },
    },
    Rule {
        key: "http.hsts_seconds",
        severity: Warning,
        message: "is set where there is neither TLS nor an https `public_url`: browsers ignore it (RFC 6797 §8.1)",
        way_out: "Set `tls.certificate` and `tls.key`, or an https `public_url`, or leave it out.",
        broken: |settings, _| settings.http.hsts_seconds != 0 && !settings.reached_by_https(),
    },
    Rule {
        key: "forward_auth.rules",
        severity: Warning,
        message: "stand there, and `http.trusted_proxies` names no proxy that may ask by them",
        way_out: "Name the proxy's address in `http.trusted_proxies`.",
        broken: |settings, _| !settings.forward_auth.rules.is_empty() && settings.http.trusted_proxies.is_empty(),
    },
    Rule {
        key: "metrics.listen",
        severity: Warning,
        message: "is set but `metrics.enabled` is false, so there are no metrics to serve",
        way_out: "Leave one of them out.",
        broken: |settings, _| settings.metrics.listen.is_some() && !settings.metrics.enabled,
    },
];
