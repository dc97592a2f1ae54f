//! Stored password hashes, through [`StoredHash`].
//!
//! An input is a password, a line break, and what a row of `users` holds.

use std::{
    collections::BTreeSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use doorward_core::password::hash::{
    Argon2Params, HashError, Limits, MAX_ENCODED_LEN, RewritePolicy, Scheme, Scratch, StoredHash, Verdict,
};
use serde_json::Value;

const FIXTURES: [&str; 2] = [
    include_str!("../../crates/doorward-core/tests/fixtures/password_hashes.jsonl"),
    include_str!("../../crates/doorward-core/tests/fixtures/password_hashes_more.jsonl"),
];

/// Pieces of stored hashes.
pub const WORDS: &[&str] = &[
    "pbkdf2:sha256:",
    "pbkdf2_sha256$",
    "scrypt:",
    "$argon2id$v=19$",
    "m=8,t=1,p=1",
    "m=4294967295",
    "$scrypt$ln=",
    "r=8,p=1",
    "$2b$04$",
    "$2y$31$",
    "bcrypt_sha256$$",
    "$bcrypt-sha256$v=2,t=2b,r=4$",
    "$1$",
    "$5$rounds=1000$",
    "$6$rounds=999999999$",
    "$apr1$",
    "{SSHA}",
    "{MD5}",
    "{CRYPT}",
    "{PBKDF2-SHA256}",
    "{ARGON2}",
    "$pbkdf2-sha512$",
    "$i=1,l=32$",
    "plain$$",
    "sha1$",
    "md5$",
    "data=",
    "keyid=",
    "1099511627776",
    "4294967296",
    "!",
    "*",
];

/// Small enough that a fuzzer does many in a second.
const TIGHT: Limits = Limits { memory_kib: 256, work_ns: 2_000_000 };

static SCRATCH: LazyLock<Mutex<Scratch>> = LazyLock::new(Mutex::default);

/// Nothing is done that costs more than is allowed, and what is done gives the same verdict each time.
///
/// # Panics
/// Where that doesn't hold.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (password, encoded) = text.split_once('\n').unwrap_or(("", text));
    // The callers' own bound.
    if password.len() > 1024 {
        return;
    }
    let stored = match StoredHash::parse(encoded) {
        Ok(stored) => stored,
        Err(error) => {
            assert!(!error.name().is_empty());
            assert!(!matches!(error, HashError::TooExpensive(_) | HashError::OutOfMemory), "reading cost something");
            return;
        }
    };
    assert!(encoded.len() <= MAX_ENCODED_LEN);
    assert!(!encoded.starts_with(['!', '*']), "the account is locked");
    assert!(!stored.family().name().is_empty());

    let mut scratch = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
    absurd_costs_are_refused(&stored, &mut scratch);
    let plain = stored.verify(password, &[], &TIGHT, &mut scratch);
    let again = stored.verify(password, &[], &TIGHT, &mut scratch);
    assert_eq!(plain, again, "memory of the hash before changed the verdict");
    match plain {
        Ok(verdict) => {
            assert_ne!(verdict, Verdict::PepperedMatch, "there was no pepper");
            assert!(TIGHT.allow(stored.cost()) || password.len() < 16, "done in spite of {:?}", stored.cost());
        }
        Err(HashError::TooExpensive(claimed)) => assert!(!TIGHT.allow(claimed), "refused though {claimed:?} is little"),
        Err(error) => panic!("{error:?} after it was read"),
    }
    let peppered = stored.verify(password, &[b"pepper".to_vec()], &TIGHT, &mut scratch);
    match (plain, peppered) {
        (Ok(Verdict::Match), with) => assert_eq!(with, Ok(Verdict::Match), "the plain form comes first"),
        (_, Ok(Verdict::Match)) => panic!("a pepper made the plain form match"),
        (_, Err(HashError::TooExpensive(claimed))) => assert!(!TIGHT.allow(claimed)),
        (_, with) => assert!(with.is_ok(), "{with:?}"),
    }
    assert!(u64::try_from(scratch.memory_kib()).is_ok_and(|held| held <= TIGHT.memory_kib));

    for scheme in [Scheme::Argon2id(Argon2Params::default()), Scheme::WerkzeugPbkdf2 { rounds: u32::MAX }] {
        let weak = stored.needs_rewrite(&scheme, RewritePolicy::OnlyWeak);
        assert!(!weak || stored.needs_rewrite(&scheme, RewritePolicy::Always), "weak, and what is written today");
    }
}

/// What a server would refuse is refused at once. No clock here: libFuzzer's `-timeout` and `-malloc_limit_mb` measure it.
fn absurd_costs_are_refused(stored: &StoredHash, scratch: &mut Scratch) {
    let limits = Limits::default();
    if !limits.allow(stored.cost()) {
        let verdict = stored.verify("of sixteen bytes", &[b"pepper".to_vec()], &limits, scratch);
        assert_eq!(verdict, Err(HashError::TooExpensive(stored.cost())));
    }
}

/// The fixtures' strings, those that fit into the limits here, and absurd ones.
///
/// # Panics
/// Where a fixture is damaged.
pub fn seeds() -> Vec<Vec<u8>> {
    let rows = FIXTURES.iter().flat_map(|rows| rows.lines());
    let rows = rows.map(|line| serde_json::from_str::<Value>(line).expect("each line is JSON"));
    let mut seen = BTreeSet::new();
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for row in rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        if seen.insert(text("encoded")) {
            seeds.push(format!("{}\n{}", text("password"), text("encoded")).into());
        }
    }
    let filler = "a".repeat(86);
    let (digest31, digest43, salt22) = (&filler[..31], &filler[..43], &filler[..22]);
    for encoded in [
        format!("pbkdf2:sha256:10$salt${}", "0".repeat(64)),
        format!("pbkdf2:sha256:1099511627776$salt${}", "0".repeat(64)),
        format!("scrypt:16:1:1$salt${}", "0".repeat(128)),
        format!("scrypt:8388608:8:1$salt${}", "0".repeat(128)),
        format!("$argon2id$v=19$m=8,t=1,p=1${salt22}${digest43}"),
        format!("$argon2d$v=16$m=64,t=2,p=4,data=AAAA${salt22}${digest43}"),
        format!("$argon2id$v=19$m=4294967295,t=4294967295,p=1${salt22}${digest43}"),
        format!("$scrypt$ln=4,r=1,p=1${salt22}${digest43}"),
        format!("$2b$04${salt22}{digest31}"),
        format!("$2b$31${salt22}{digest31}"),
        format!("$5$rounds=1000$salt${digest43}"),
        format!("$6$rounds=999999999$salt${filler}"),
    ] {
        seeds.push(format!("susan\n{encoded}").into());
    }
    seeds
}
