//! What a damaged or hostile string can do: nothing, quickly.

use proptest::prelude::*;

use super::super::{Cost, MAX_ENCODED_LEN};
use super::{HashError, Limits, Scratch, StoredHash, verify};

fn refusal(encoded: &str) -> HashError {
    match verify(encoded, "anything", &[b"pepper".to_vec()]) {
        Err(error) => error,
        Ok(verdict) => panic!("{verdict:?} for {encoded}"),
    }
}

#[test]
fn unusable_hashes_never_verify() {
    let locked = "!$2b$04$GmCD.RR2mndsj7Ds6FQ1yuHh0jm.yGUwoIzPPlJjjE3d6U2sQUE62";
    for encoded in ["", "!", "*", "!unusable", "*0", locked, "plain$$", "plain$salt$"] {
        assert_eq!(refusal(encoded), HashError::Unusable, "{encoded}");
        assert_eq!(verify(encoded, "", &[]), Err(HashError::Unusable), "{encoded}");
        assert_eq!(verify(encoded, encoded, &[]), Err(HashError::Unusable), "{encoded}");
    }
}

#[test]
fn unknown_schemes_are_told_from_damaged_ones() {
    for encoded in ["x", "$", "$$$", "{", "{}", "{CRYPT}*", "{WHAT}AAAA", "$9$a$b", "whirlpool$s$00", "pbkdf2_x$1$s$AA"]
    {
        assert_eq!(refusal(encoded), HashError::UnknownScheme, "{encoded}");
    }
}

#[test]
fn damaged_hashes_are_refused() {
    let hex64 = "0".repeat(64);
    let hex128 = "0".repeat(128);
    let filler = "a".repeat(86);
    let (digest31, digest43, salt22) = (&filler[..31], &filler[..43], &filler[..22]);
    let damaged = [
        "pbkdf2:sha256:abc$s$x".into(),
        "pbkdf2:md6:1000$s$00".into(),
        format!("pbkdf2:sha256:-1$s${hex64}"),
        format!("pbkdf2:sha256:+1$s${hex64}"),
        format!("pbkdf2:sha256:1099511627776$s${hex64}"),
        format!("pbkdf2:sha256:1:1$s${hex64}"),
        format!("pbkdf2:sha256:1000$${hex64}"),
        "pbkdf2:sha256:1000$s$".into(),
        "pbkdf2:sha256:1000".to_owned() + "$s",
        format!("pbkdf2:sha256:1000$s${}", &hex64[..63]),
        format!("pbkdf2:sha256:1000$s${}", &hex64[..62]),
        format!("pbkdf2:sha256:1000$s${hex64}00"),
        "sha256$salt$".into(),
        "sha256$salt$zz".into(),
        "sha1$only".into(),
        "scrypt:32768:8:1$s".into(),
        format!("scrypt:0:8:1$s${hex128}"),
        format!("scrypt:1:8:1$s${hex128}"),
        format!("scrypt:3:8:1$s${hex128}"),
        format!("scrypt:16384:0:1$s${hex128}"),
        format!("scrypt:16384:8$s${hex128}"),
        format!("scrypt:16384:4294967295:4294967295$s${hex128}"),
        format!("scrypt:4294967296:8:1$s${hex128}"),
        "scrypt$1$2$3$4$5".into(),
        "pbkdf2_sha256$$$".into(),
        "pbkdf2_sha256$1".into(),
        "$2b$99$abc".into(),
        format!("$2b$03${salt22}{digest31}"),
        format!("$2b$32${salt22}{digest31}"),
        format!("$2b$012${salt22}{digest31}"),
        format!("$2b$12${salt22}{digest31}a"),
        format!("$2b$12${}", "é".repeat(27)),
        format!("$bcrypt-sha256$v=3,t=2b,r=12${salt22}${digest31}"),
        format!("$argon2id$v=18$m=8,t=1,p=1${salt22}${digest43}"),
        format!("$argon2id$v=19$m=7,t=1,p=1${salt22}${digest43}"),
        format!("$argon2id$v=19$m=8,t=0,p=1${salt22}${digest43}"),
        format!("$argon2id$v=19$m=8,t=1,p=0${salt22}${digest43}"),
        format!("$argon2id$v=19$m=8,t=1,p=2${salt22}${digest43}"),
        format!("$argon2id$v=19$m=8,t=1,p=16777216${salt22}${digest43}"),
        format!("$argon2id$v=19$m=8,t=1${salt22}${digest43}"),
        format!("$argon2id$v=19$m=8,t=1,p=1,q=1${salt22}${digest43}"),
        format!("$argon2id$v=19$m=8,t=1,p=1$AAAA${digest43}"),
        format!("$argon2id$v=19$m=8,t=1,p=1${salt22}$AAAA"),
        format!("$argon2id$v=19$m=8,t=1,p=1${salt22}$"),
        format!("$scrypt$ln=32,r=8,p=1${salt22}${digest43}"),
        format!("$scrypt$ln=63,r=8,p=1${salt22}${digest43}"),
        format!("$scrypt$ln=4294967295,r=8,p=1${salt22}${digest43}"),
        format!("$scrypt$ln=14,r=8,p=1${salt22}$"),
        format!("$5$rounds=1$salt${digest43}"),
        format!("$5$rounds=5000${digest43}"),
        format!("$6$seventeen-letters${filler}"),
        format!("$6$salt${}", "ä".repeat(43)),
        "$1$salt$short".into(),
        "{SSHA}".into(),
        "{SSHA}!!".into(),
        "{SHA}AAAA".into(),
        "{SMD5}AAAAAAAAAAAAAAAAAAAAAA==".into(),
    ];
    for encoded in damaged {
        assert!(matches!(refusal(&encoded), HashError::Malformed(_)), "{:?} for {encoded}", refusal(&encoded));
    }
}

#[test]
fn a_longer_string_than_any_known_is_not_read() {
    let salt = "s".repeat(1024 * 1024);
    for encoded in [format!("sha256${salt}$00"), salt, format!("plain$${}", "p".repeat(MAX_ENCODED_LEN))] {
        assert_eq!(refusal(&encoded), HashError::TooLong);
    }
}

#[test]
fn absurd_claims_are_refused_before_any_work() {
    let hex64 = "0".repeat(64);
    let hex128 = "0".repeat(128);
    let filler = "a".repeat(86);
    let (digest31, digest43, salt22) = (&filler[..31], &filler[..43], &filler[..22]);
    let absurd = [
        format!("pbkdf2:sha256:4294967295$s${hex64}"),
        format!("pbkdf2:sha256:20000000$s${hex64}"),
        format!("scrypt:2147483648:8:1$s${hex128}"),
        format!("scrypt:8388608:8:1$s${hex128}"),
        format!("scrypt:2:1073741823:1$s${hex128}"),
        format!("scrypt:2:1:1073741823$s${hex128}"),
        format!("scrypt:1024:8:4096$s${hex128}"),
        format!("$2b$31${salt22}{digest31}"),
        format!("$2b$18${salt22}{digest31}"),
        format!("$argon2id$v=19$m=4294967295,t=1,p=1${salt22}${digest43}"),
        format!("$argon2id$v=19$m=4194304,t=1,p=1${salt22}${digest43}"),
        format!("$argon2id$v=19$m=4294967295,t=4294967295,p=1${salt22}${digest43}"),
        format!("$argon2id$v=19$m=8,t=4294967295,p=1${salt22}${digest43}"),
        format!("argon2$argon2id$v=19$m=4194304,t=1,p=1${salt22}${digest43}"),
        format!("$scrypt$ln=31,r=8,p=1${salt22}${digest43}"),
        format!("$5$rounds=999999999$salt${digest43}"),
        format!("$6$rounds=999999999$salt${filler}"),
    ];
    for encoded in absurd {
        assert!(matches!(refusal(&encoded), HashError::TooExpensive(_)), "{:?} for {encoded}", refusal(&encoded));
    }
}

#[test]
fn what_systems_write_by_default_is_within_the_limits_for_the_longest_password() {
    let filler = "a".repeat(86);
    let (digest31, digest43, salt22) = (&filler[..31], &filler[..43], &filler[..22]);
    for encoded in [
        format!("pbkdf2:sha256:1000000$s${}", "0".repeat(64)),
        format!("pbkdf2:sha256$s${}", "0".repeat(64)),
        format!("scrypt:32768:8:1$s${}", "0".repeat(128)),
        format!("scrypt$16384$salt$8$5${filler}=="),
        format!("argon2$argon2id$v=19$m=102400,t=2,p=8${salt22}${digest43}"),
        format!("$2b$14${salt22}{digest31}"),
        format!("$scrypt$ln=16,r=8,p=1${salt22}${digest43}"),
        format!("$scrypt$ln=18,r=8,p=1${salt22}${digest43}"),
        format!("$5$rounds=535000$salt${digest43}"),
        format!("$6$rounds=656000$salt${filler}"),
    ] {
        let stored = StoredHash::parse(&encoded).unwrap();
        assert_eq!(Limits::default().check(stored.algorithm.cost(1024)), Ok(()), "{encoded}");
    }
}

#[test]
fn costs_follow_the_parameters() {
    let cost = |encoded: &str| StoredHash::parse(encoded).unwrap().cost();
    let salt_and_digest = format!("{}${}", "a".repeat(22), "a".repeat(43));

    let argon2 = cost(&format!("$argon2id$v=19$m=19456,t=2,p=1${salt_and_digest}"));
    let more_passes = cost(&format!("$argon2id$v=19$m=19456,t=4,p=1${salt_and_digest}"));
    assert_eq!(argon2.memory_kib, 19_456);
    assert_eq!(more_passes, Cost { work_ns: argon2.work_ns * 2, ..argon2 });

    let scrypt = cost(&format!("$scrypt$ln=14,r=8,p=1${salt_and_digest}"));
    assert!((16 * 1024..16 * 1024 + 8).contains(&scrypt.memory_kib), "{scrypt:?}");
    assert_eq!(cost(&format!("$scrypt$ln=14,r=8,p=5${salt_and_digest}")).work_ns, scrypt.work_ns * 5);

    let bcrypt = format!("$2b$10${}", "a".repeat(53));
    assert_eq!(cost(&bcrypt.replace("$10$", "$12$")).work_ns, cost(&bcrypt).work_ns * 4);
}

#[test]
fn a_long_password_raises_the_cost_of_sha_crypt_only() {
    let salt_and_digest = format!("{}${}", "a".repeat(22), "a".repeat(43));
    let cost = |encoded: &str, len| StoredHash::parse(encoded).unwrap().algorithm.cost(len);

    let sha_crypt = format!("$5$rounds=900000$salt${}", "a".repeat(43));
    assert!(cost(&sha_crypt, 1024).work_ns > 10 * cost(&sha_crypt, 16).work_ns);
    for encoded in [
        format!("$argon2id$v=19$m=19456,t=2,p=1${salt_and_digest}"),
        format!("$scrypt$ln=14,r=8,p=1${salt_and_digest}"),
        format!("$2b$10${}", "a".repeat(53)),
        format!("pbkdf2:sha256:1000$s${}", "0".repeat(64)),
    ] {
        assert_eq!(cost(&encoded, 1024), cost(&encoded, 16), "{encoded}");
    }
}

#[test]
fn the_limits_are_the_callers() {
    let encoded = format!("pbkdf2:sha256:1000$s${}", "0".repeat(64));
    let stored = StoredHash::parse(&encoded).unwrap();
    let limits = Limits { work_ns: stored.cost().work_ns - 1, ..Limits::default() };

    assert!(!limits.allow(stored.cost()));
    let refused = stored.verify("anything", &[], &limits, &mut Scratch::default());
    assert_eq!(refused, Err(HashError::TooExpensive(stored.cost())));
}

/// Strings near the real ones: pieces of every notation in any order.
fn near_hashes() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "$", ":", ",", "=", "{", "}", "!", "*", "pbkdf2", "scrypt", "sha256", "md5", "plain", "pbkdf2_sha256",
            "argon2", "bcrypt", "bcrypt_sha256", "argon2id", "argon2i", "v=19", "v=16", "m=8", "t=1", "p=1", "ln=1",
            "r=1", "data=", "keyid=", "2b", "2x", "2", "04", "12", "bcrypt-sha256", "v=2", "t=2b", "r=4", "1", "5",
            "6", "rounds=1000", "apr1", "CRYPT", "SSHA", "MD5", "PBKDF2-SHA256", "i=1", "l=32", "salt",
            "GmCD.RR2mndsj7Ds6FQ1yu", "Hh0jm.yGUwoIzPPlJjjE3d6U2sQUE62",
        ]).prop_map(str::to_owned),
        1 => "[0-9]{1,12}",
        1 => "[0-9a-f]{0,128}",
        1 => "[A-Za-z0-9+/.]{0,90}={0,2}",
        1 => "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// Real strings with one change: a byte more, less or other.
fn changed_hashes() -> impl Strategy<Value = String> {
    const ROWS: &str = include_str!("../../../../tests/fixtures/password_hashes_more.jsonl");
    let encoded: Vec<String> = ROWS
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["encoded"].as_str().unwrap().to_owned())
        .collect();
    (prop::sample::select(encoded), any::<prop::sample::Index>(), any::<Option<char>>(), any::<bool>()).prop_map(
        |(encoded, index, put, drop)| {
            let mut chars: Vec<char> = encoded.chars().collect();
            let at = index.index(chars.len());
            if drop {
                chars.remove(at);
            }
            chars.splice(at..at, put);
            chars.into_iter().collect()
        },
    )
}

proptest! {
    #[test]
    fn reading_never_panics_and_verifying_stays_within_the_limits(
        encoded in prop_oneof![any::<String>(), near_hashes(), changed_hashes()],
        password in any::<String>(),
    ) {
        let limits = Limits { memory_kib: 128, work_ns: 1_000_000 };
        let mut scratch = Scratch::default();
        if let Ok(stored) = StoredHash::parse(&encoded) {
            let cost = stored.algorithm.cost(password.len());
            let verdict = stored.verify(&password, &[], &limits, &mut scratch);
            if limits.allow(cost) {
                prop_assert!(verdict.is_ok(), "{verdict:?} for {encoded}");
            } else {
                prop_assert_eq!(verdict, Err(HashError::TooExpensive(cost)));
            }
        }
        prop_assert!(scratch.memory_kib() <= 128);
    }
}
