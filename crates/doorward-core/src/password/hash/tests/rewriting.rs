use super::super::{Argon2Params, RewritePolicy, SALT_LEN, Scheme};
use super::{Scratch, StoredHash};

const ARGON2ID: Scheme = Scheme::Argon2id(Argon2Params { memory_kib: 64, iterations: 2, parallelism: 1 });
const PBKDF2: Scheme = Scheme::WerkzeugPbkdf2 { rounds: 600_000 };

fn due(encoded: &str, target: Scheme, policy: RewritePolicy) -> bool {
    StoredHash::parse(encoded).unwrap().needs_rewrite(&target, policy)
}

#[test]
fn always_keeps_only_what_the_target_would_write() {
    for target in [ARGON2ID, Scheme::WerkzeugPbkdf2 { rounds: 2 }, Scheme::WerkzeugScrypt] {
        let written = target.hash("password", &[7; SALT_LEN], &mut Scratch::default()).unwrap();
        assert!(!due(&written, target, RewritePolicy::Always), "{written}");
        for other in [ARGON2ID, Scheme::WerkzeugPbkdf2 { rounds: 2 }, Scheme::WerkzeugScrypt] {
            assert_eq!(due(&written, other, RewritePolicy::Always), other != target, "{written}");
        }
    }
}

#[test]
fn always_renews_other_parameters_of_the_same_scheme() {
    let written = ARGON2ID.hash("password", &[7; SALT_LEN], &mut Scratch::default()).unwrap();
    for other in [
        written.replace("m=64", "m=65"),
        written.replace("t=2", "t=3"),
        written.replace("p=1", "p=2"),
        written.replace("v=19", "v=16"),
        written.replace("argon2id", "argon2i"),
        written.replace("p=1", "p=1,data=AAAA"),
        format!("argon2{written}"),
        format!("{{ARGON2}}{written}").replace("t=2", "t=1"),
        written[..written.len() - 4].to_owned(),
    ] {
        assert!(due(&other, ARGON2ID, RewritePolicy::Always), "{other}");
    }
    let rounds_left_out = format!("pbkdf2:sha256$salt${}", "0".repeat(64));
    assert!(due(&rounds_left_out, PBKDF2, RewritePolicy::Always));
    let other_digest = format!("pbkdf2:sha3_256:600000$salt${}", "0".repeat(64));
    assert!(due(&other_digest, PBKDF2, RewritePolicy::Always));
}

fn bcrypt(cost: u8) -> String {
    format!("$2b${cost:02}${}", "a".repeat(53))
}

fn argon2(memory_kib: u32, iterations: u32) -> String {
    format!("$argon2id$v=19$m={memory_kib},t={iterations},p=1${}${}", "a".repeat(22), "a".repeat(43))
}

#[test]
fn only_weak_replaces_what_no_longer_protects() {
    let hex = |len| "0".repeat(len);
    for weak in [
        "plain$$password".into(),
        format!("md5$salt${}", hex(32)),
        format!("sha256$salt${}", hex(64)),
        format!("sha1$${}", hex(40)),
        hex(64),
        format!("pbkdf2:sha256:599999$salt${}", hex(64)),
        format!("pbkdf2:sha256$salt${}", hex(64)),
        format!("pbkdf2:md5:4000000$salt${}", hex(32)),
        format!("pbkdf2:sha1:1000000$salt${}", hex(40)),
        format!("pbkdf2:sha512:200000$salt${}", hex(128)),
        format!("pbkdf2_sha256$260000$salt${}", "A".repeat(43)),
        format!("scrypt:16384:8:1$salt${}", hex(128)),
        format!("$scrypt$ln=12,r=8,p=1$AAAA${}", "A".repeat(43)),
        format!("$1$salt${}", "A".repeat(22)),
        format!("$5$salt${}", "A".repeat(43)),
        format!("$6$rounds=100000$salt${}", "A".repeat(86)),
        format!("{{SSHA}}{}", "A".repeat(40)),
        format!("{{CRYPT}}$1$salt${}", "A".repeat(22)),
        format!("{{PBKDF2}}1000$AAAA${}", "A".repeat(27)),
        bcrypt(9),
        argon2(4_096, 20),
        argon2(16 * 1024, 2),
    ] {
        assert!(due(&weak, PBKDF2, RewritePolicy::OnlyWeak), "{weak}");
    }
}

#[test]
fn only_weak_leaves_strong_hashes_to_the_application_that_reads_them() {
    let hex = |len| "0".repeat(len);
    for strong in [
        format!("pbkdf2:sha256:600000$salt${}", hex(64)),
        format!("pbkdf2:sha256:1000000$salt${}", hex(64)),
        format!("pbkdf2:sha512:210000$salt${}", hex(128)),
        format!("pbkdf2:sha1:1300000$salt${}", hex(40)),
        format!("scrypt:32768:8:1$salt${}", hex(128)),
        format!("pbkdf2_sha256$1000000$salt${}", "A".repeat(43)),
        format!("scrypt$16384$salt$8$5${}", "A".repeat(86)),
        format!("argon2{}", argon2(102_400, 2)),
        argon2(19_456, 2),
        bcrypt(12),
        format!("bcrypt_sha256${}", bcrypt(12)),
        format!("$6$rounds=656000$salt${}", "A".repeat(86)),
    ] {
        assert!(!due(&strong, PBKDF2, RewritePolicy::OnlyWeak), "{strong}");
    }
}

#[test]
fn only_weak_measures_pbkdf2_by_the_targets_rounds() {
    let stored = format!("pbkdf2:sha256:150000$salt${}", "0".repeat(64));

    assert!(!due(&stored, Scheme::WerkzeugPbkdf2 { rounds: 150_000 }, RewritePolicy::OnlyWeak));
    assert!(due(&stored, Scheme::WerkzeugPbkdf2 { rounds: 150_001 }, RewritePolicy::OnlyWeak));
    assert!(due(&stored, Scheme::WerkzeugScrypt, RewritePolicy::OnlyWeak));
}
