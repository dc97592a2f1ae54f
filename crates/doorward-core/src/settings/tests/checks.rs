use std::path::Path;

use insta::assert_snapshot;

use super::super::check::{Severity, production_rules};
use super::super::{
    Listen, Problem, Profile, Protection, Settings, SmtpTls, TokenFormat, WriteScheme, check_with, declare,
};

fn problems(settings: &Settings) -> Vec<Problem> {
    check_with(settings, &|_: &Path| true)
}

/// A production that nothing is held against.
fn sound() -> Settings {
    let mut settings = Settings::for_profile(Profile::Production);
    settings.public_url = Some("https://users.example.com".into());
    settings.database = "sqlite:///var/lib/doorward/doorward.db".into();
    settings.mail.smtp_url = Some("smtp://doorward:hush@mail.example.com:587".into());
    settings
}

/// What `change` makes of a sound production, as `error key` or `warning key`.
fn found(change: impl FnOnce(&mut Settings)) -> Vec<String> {
    let mut settings = sound();
    change(&mut settings);
    let name = |problem: &Problem| {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        format!("{severity} {}", problem.key)
    };
    problems(&settings).iter().map(name).collect()
}

type Change = fn(&mut Settings);

/// Insecure settings, and what is said of them.
const INSECURE: &[(&str, Change)] = &[
    ("error public_url", |s| {
        s.public_url = None;
        s.session.cookie = false;
    }),
    ("error public_url", |s| {
        s.public_url = Some("http://users.example.com".into());
        s.session.cookie = false;
    }),
    ("error listen", |s| s.listen = vec![Listen::parse("0.0.0.0:80").unwrap()]),
    ("error http.trusted_proxies", |s| s.http.trusted_proxies = vec!["::/0".parse().unwrap()]),
    ("error http.cors_origins", |s| s.http.cors_origins = vec!["http://app.example.com".into()]),
    ("error mail.smtp_tls", |s| s.mail.smtp_tls = SmtpTls::Off),
    ("error mail.smtp_tls", |s| {
        s.mail.smtp_url = Some("smtp://127.example.com".into());
        s.mail.smtp_tls = SmtpTls::Off;
    }),
    ("warning mail.smtp_url", |s| s.mail.smtp_url = None),
    ("error session.cookie", |s| {
        s.public_url = Some("http://x".into());
        s.listen = vec![Listen::parse("unix:/run/x").unwrap()];
    }),
    ("error session.protection", |s| s.session.protection = Protection::Off),
    ("error token.secret_keys", |s| s.token.secret_keys = vec!["kXq7Zp31kXq7Zp31kXq7Zp31kXq7Zp3".into()]),
    ("error token.secret_keys", |s| {
        s.token.secret_keys = vec!["192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf".into()];
    }),
    ("error token.secret_keys", |s| {
        s.token.secret_keys = vec!["Please Change-Me before you go live with this".into()];
    }),
    ("error token.secret_keys", |s| s.token.secret_keys = vec!["abcabcabcabcabcabcabcabcabcabcabcabc".into()]),
    ("warning throttle.enabled", |s| s.throttle.enabled = false),
    ("warning token.expiration", |s| s.token.expiration = 86_401),
    ("error login.failure_time_ms", |s| s.login.failure_time_ms = 0),
    ("error password.argon2.memory_kib", |s| s.password.argon2.memory_kib = 19_455),
    ("error password.argon2.memory_kib", |s| s.password.argon2.iterations = 1),
    ("error password.werkzeug_rounds", |s| s.password.werkzeug_rounds = 599_999),
    ("error password.min_length", |s| s.password.min_length = 7),
    ("error database", |s| s.database = "sqlite::memory:".into()),
    ("warning database", |s| s.database = Settings::default().database),
    ("warning database", |s| s.database = "postgres://u:p@db.example.com/users?sslmode=prefer".into()),
    ("warning database", |s| s.database = "postgres://u:p@localhost,db2/users".into()),
    ("warning revocations.max_staleness", |s| s.revocations.max_staleness = 0),
    ("error log.level", |s| s.log.level = "info,doorward_core=TRACE".into()),
    ("error log.level", |s| s.log.level = "info,sqlx".into()),
];

#[test]
fn production_names_what_is_insecure() {
    assert_eq!(problems(&sound()), []);
    for (at, (expected, change)) in INSECURE.iter().enumerate() {
        let found = found(change);
        assert!(found.iter().any(|found| found == expected), "{at}: {found:?} lacks {expected}");
    }
}

#[test]
fn every_rule_of_production_is_broken_by_an_example() {
    let missing = |_: &Path| false;
    let mut said: Vec<String> = check_with(&sound(), &missing).into_iter().map(|problem| problem.message).collect();
    for (_, change) in INSECURE {
        let mut settings = sound();
        change(&mut settings);
        said.extend(problems(&settings).into_iter().map(|problem| problem.message));
    }
    for rule in production_rules() {
        assert!(said.iter().any(|said| said == rule.message), "{} {}", rule.key, rule.message);
        assert!(declare::declaration(rule.key).is_some(), "{}", rule.key);
    }
}

#[test]
fn other_profiles_allow_what_is_insecure() {
    for (_, change) in INSECURE {
        let mut settings = Settings::default();
        change(&mut settings);
        assert_eq!(problems(&settings), []);
    }
}

#[test]
fn production_allows_what_is_safe() {
    let safe: &[Change] = &[
        |s| {
            s.listen = vec![Listen::parse("0.0.0.0:443").unwrap()];
            s.tls.certificate = Some("crt".into());
            s.tls.key = Some("key".into());
        },
        |s| {
            s.listen = vec![Listen::parse("0.0.0.0:80").unwrap()];
            s.http.trusted_proxies = vec!["10.0.0.2/32".parse().unwrap()];
        },
        |s| s.listen = vec![Listen::parse("[::1]:80").unwrap(), Listen::parse("unix:/run/x").unwrap()],
        |s| s.token.secret_keys = vec!["Jx1s0vGQ4m7c2hYp9TzRkW8eLbNfUdAoViE3".into()],
        |s| {
            s.password.argon2.memory_kib = 47_104;
            s.password.argon2.iterations = 1;
        },
        |s| {
            s.password.write_scheme = WriteScheme::Argon2id;
            s.password.werkzeug_rounds = 1_000;
        },
        |s| s.mail.smtp_url = Some("smtp://127.0.0.1:25".into()),
        |s| {
            s.mail.smtp_url = Some("smtps://doorward:hush@mail.example.com".into());
            s.mail.smtp_tls = SmtpTls::Off;
        },
        |s| s.log.level = "info,doorward_core=debug,sqlx=off".into(),
        |s| s.database = "postgres://u:p@db1,db2/users?sslmode=verify-full".into(),
        |s| s.database = "postgres://u:p@127.0.0.1:5432/users".into(),
        |s| s.database = "postgres:///users?host=/run/postgresql".into(),
    ];
    for (at, change) in safe.iter().enumerate() {
        assert_eq!(found(change), [""; 0], "{at}");
    }
}

#[test]
fn production_wants_the_seal_key_to_be_kept_somewhere() {
    let missing = |_: &Path| false;
    let keys = |change: Change| {
        let mut settings = sound();
        change(&mut settings);
        check_with(&settings, &missing).len()
    };
    assert_eq!(keys(|_| ()), 1);
    assert_eq!(keys(|s| s.keys.seal_key_file = "/etc/doorward/seal.key".into()), 0);
    assert_eq!(keys(|s| s.keys.seal_key = Some("a2V5cyBhcmUgMzIgYnl0ZXMgYW5kIG5ldmVyIHNob3c=".into())), 0);
    assert_eq!(problems(&sound()), []);
}

#[test]
fn contradictions_are_found_under_any_profile() {
    let contradictory: &[(&str, Change)] = &[
        ("listen", |s| s.listen = vec![s.listen[0].clone(), s.listen[0].clone()]),
        ("listen", |s| s.metrics.listen = Some(s.listen[0].clone())),
        ("listen", |s| {
            s.profile = Profile::Testing;
            s.listen = vec![Listen::parse("0.0.0.0:80").unwrap()];
        }),
        ("tls.certificate", |s| s.tls.key = Some("key".into())),
        ("token.secret_keys", |s| s.token.format = TokenFormat::Flask),
        ("token.refresh_expiration", |s| s.token.refresh_expiration = s.token.expiration),
        ("keys.seal_key", |s| {
            s.keys.seal_key = Some("a2V5cyBhcmUgMzIgYnl0ZXMgYW5kIG5ldmVyIHNob3c=".into());
            s.keys.seal_key_file = "other.key".into();
        }),
        ("challenge.secret", |s| s.challenge.verify_url = Some("https://verifier.example.com".into())),
        ("throttle.longest_wait", |s| s.throttle.longest_wait = s.throttle.first_wait - 1),
        ("session.inactivity", |s| s.session.inactivity = s.session.absolute + 1),
        ("login.failure_time_ms", |s| s.login.failure_time_ms = s.http.request_timeout_ms),
        ("database_pool.acquire_timeout_ms", |s| s.database_pool.acquire_timeout_ms = 30_001),
        ("database_pool.statement_timeout_ms", |s| s.database_pool.statement_timeout_ms = 30_001),
        ("password.argon2.memory_kib", |s| s.password.argon2.parallelism = 64_000),
        ("password.argon2.memory_kib", |s| {
            s.password.argon2.memory_kib = 15;
            s.password.argon2.parallelism = 2;
        }),
        ("password.max_memory_kib", |s| s.password.max_memory_kib = 19_455),
        ("password.max_memory_kib", |s| {
            s.password.max_memory_kib = 32_767;
            s.password.write_scheme = WriteScheme::WerkzeugScrypt;
        }),
        ("revocations.poll_ms", |s| {
            s.revocations.max_staleness = 1;
        }),
        ("http.hsts_seconds", |s| s.http.hsts_seconds = 1),
        ("metrics.listen", |s| {
            s.metrics.listen = Some(Listen::parse("127.0.0.1:9090").unwrap());
            s.metrics.enabled = false;
        }),
    ];
    for (at, (key, change)) in contradictory.iter().enumerate() {
        let mut settings = Settings::default();
        change(&mut settings);
        let found: Vec<_> = problems(&settings).iter().map(|problem| problem.key).collect();
        assert!(found.contains(key), "{at}: {found:?} lacks {key}");
    }
    for profile in Profile::ALL.iter().filter(|profile| **profile != Profile::Production) {
        assert_eq!(problems(&Settings::for_profile(*profile)), []);
    }
}

#[test]
fn ports_that_the_system_chooses_are_not_the_same() {
    let mut settings = Settings::default();
    let any = Listen::parse("127.0.0.1:0").unwrap();
    settings.listen = vec![any.clone(), any];
    assert_eq!(problems(&settings), []);
}

#[test]
fn values_set_in_code_are_held_to_their_range() {
    let mut settings = Settings::default();
    settings.token.expiration = 0;
    settings.listen.clear();
    settings.database = "mysql://u:hush@db/x".into();
    settings.public_url = Some("users".into());
    let said: Vec<_> = problems(&settings).iter().map(ToString::to_string).collect();
    assert_snapshot!(said.join("\n"), @r#"
    `listen` is []. It takes a list, each entry `IP:PORT` or `unix:/PATH`. Give at least one.
    `database` has a value that it doesn't take. It takes `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`. Doorward keeps its users in SQLite or PostgreSQL.
    `public_url` is "users". It takes an address such as `https://users.example.com`, with or without a path. Begin with `https://` (or `http://`).
    `token.expiration` is 0. It takes a whole number of seconds from 1 to 31536000.
    "#);
}
