use super::super::Family;

#[test]
fn each_family_is_told_by_its_notation() {
    let hex32 = "0".repeat(32);
    let hex64 = "0".repeat(64);
    let hex128 = "0".repeat(128);
    let bcrypt = "a".repeat(53);
    let cases = [
        (format!("pbkdf2:sha256:1000$salt${hex64}"), "werkzeug-pbkdf2"),
        (format!("scrypt:32768:8:1$salt${hex128}"), "werkzeug-scrypt"),
        ("plain$$password".into(), "plain"),
        (format!("md5$salt${hex32}"), "salted-digest"),
        (format!("sha256$salt${hex64}"), "salted-digest"),
        (format!("md5$${hex32}"), "unsalted-digest"),
        (hex64.clone(), "unsalted-digest"),
        (format!("pbkdf2_md5$1$salt${}==", "A".repeat(22)), "django-pbkdf2"),
        (format!("scrypt$16$salt$8$1${}==", "A".repeat(86)), "django-scrypt"),
        (format!("argon2$argon2id$v=19$m=8,t=1,p=1${0}${0}", "A".repeat(22)), "django-argon2"),
        (format!("bcrypt$$2b$12${bcrypt}"), "django-bcrypt"),
        (format!("bcrypt_sha256$$2b$12${bcrypt}"), "django-bcrypt-sha256"),
        (format!("$2y$12${bcrypt}"), "bcrypt"),
        (format!("$bcrypt-sha256$2a,12${}${}", "a".repeat(22), "a".repeat(31)), "passlib-bcrypt-sha256"),
        (format!("$pbkdf2$1000$AAAA${}", "A".repeat(27)), "passlib-pbkdf2"),
        (format!("$argon2id$v=19$m=8,t=1,p=1${0}${0}", "A".repeat(22)), "argon2id"),
        (format!("$argon2i$m=8,t=1,p=1${0}${0}", "A".repeat(22)), "argon2i"),
        (format!("$argon2d$v=16$m=8,t=1,p=1${0}${0}", "A".repeat(22)), "argon2d"),
        (format!("$scrypt$ln=14,r=8,p=1$AAAA${}", "A".repeat(43)), "scrypt"),
        (format!("$1$salt${}", "A".repeat(22)), "md5-crypt"),
        (format!("$5$salt${}", "A".repeat(43)), "sha256-crypt"),
        (format!("{{CRYPT}}$6$salt${}", "A".repeat(86)), "sha512-crypt"),
        (format!("{{SSHA}}{}", "A".repeat(40)), "ldap-digest"),
        (format!("{{PBKDF2-SHA256}}1000$AAAA${}", "A".repeat(43)), "ldap-pbkdf2"),
        (String::new(), "unusable"),
        ("!".into(), "unusable"),
        ("*0".into(), "unusable"),
        ("pbkdf2:sha256:1000$salt$00".into(), "damaged"),
        ("unknown$salt$00".into(), "unknown"),
        ("password".into(), "unknown"),
    ];
    for (encoded, name) in cases {
        assert_eq!(Family::of(&encoded).name(), name, "{encoded}");
    }
}

#[test]
fn nothing_of_a_hash_is_shown_by_debug() {
    let stored = super::StoredHash::parse("plain$$secret").unwrap();

    let shown = format!("{stored:?}");

    assert!(shown.contains("Plain"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}
