use proptest::prelude::*;

use super::super::{Argon2Params, Family, SALT_LEN, Scheme};
use super::{HashError, Limits, Scratch, StoredHash, Verdict, verify};

const SALT: [u8; SALT_LEN] = *b"sixteen bytes...";

fn argon2id(memory_kib: u32, iterations: u32, parallelism: u32) -> Scheme {
    Scheme::Argon2id(Argon2Params { memory_kib, iterations, parallelism })
}

/// Every scheme that is written, cheap where it can be.
fn schemes() -> [Scheme; 3] {
    [argon2id(64, 1, 2), Scheme::WerkzeugPbkdf2 { rounds: 3 }, Scheme::WerkzeugScrypt]
}

#[test]
fn argon2id_is_written_as_the_reference_program_does() {
    // argon2-cffi 25.1.0: hash_secret(password, salt, 3, 64, 2, 32, Type.ID)
    let written = argon2id(64, 3, 2).hash("密码", &SALT, &mut Scratch::default());

    assert_eq!(
        written.as_deref(),
        Ok("$argon2id$v=19$m=64,t=3,p=2$c2l4dGVlbiBieXRlcy4uLg$ydRtimgC1vvToOswgtFX9dgWlHr2X8Rbm6uz0ouFtw0")
    );
}

#[test]
fn the_form_of_werkzeug_is_one_that_werkzeug_itself_accepts() {
    // check_password_hash of Werkzeug 1.0.1 and 3.1 answers True to the first, of 3.1 to the second.
    let pbkdf2 = Scheme::WerkzeugPbkdf2 { rounds: 1_000 }.hash("密码", &SALT, &mut Scratch::default());
    let scrypt = Scheme::WerkzeugScrypt.hash("密码", &SALT, &mut Scratch::default());

    assert_eq!(
        pbkdf2.as_deref(),
        Ok("pbkdf2:sha256:1000$xmhZNyYQZyzOqsC7$13c3bceae070748278ceffc92ac6fa8d9814047af21066145ee6d8d5eb8ca56c")
    );
    assert_eq!(
        scrypt.as_deref(),
        Ok(
            "scrypt:32768:8:1$xmhZNyYQZyzOqsC7$6d40a4422ab6d816de321a77abf08b929a5490212b9c5fb1663a765045ee01847fc716c0a6c5caf56c5b82f5b999f5eae024d14d7e8ae75f9f598a44057bf027"
        )
    );
}

#[test]
fn every_written_hash_is_as_long_as_foretold() {
    for scheme in schemes() {
        let written = scheme.hash("password", &SALT, &mut Scratch::default()).unwrap();
        assert_eq!(written.len(), scheme.encoded_len(), "{written}");
    }
}

#[test]
fn all_but_werkzeugs_scrypt_fit_the_flask_applications_column() {
    assert!(argon2id(u32::MAX, u32::MAX, (1 << 24) - 1).encoded_len() <= 128);
    assert!(Scheme::WerkzeugPbkdf2 { rounds: u32::MAX }.encoded_len() <= 128);
    assert_eq!(Scheme::WerkzeugScrypt.encoded_len(), 162);
}

#[test]
fn werkzeugs_salts_are_letters_and_digits_that_follow_the_randomness() {
    let salt_of = |randomness| {
        let written = Scheme::WerkzeugPbkdf2 { rounds: 1 }.hash("x", &randomness, &mut Scratch::default()).unwrap();
        written.split('$').nth(1).unwrap().to_owned()
    };
    let salts = [[0; SALT_LEN], [255; SALT_LEN], SALT].map(salt_of);

    for salt in &salts {
        assert!(salt.len() == SALT_LEN && salt.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{salt}");
    }
    assert!(salts[0] != salts[1] && salts[1] != salts[2]);
}

#[test]
fn parameters_that_a_scheme_forbids_are_named() {
    for (scheme, part) in [
        (argon2id(7, 1, 1), "argon2's memory"),
        (argon2id(8, 1, 2), "argon2's memory"),
        (argon2id(8, 0, 1), "argon2's iterations"),
        (argon2id(8, 1, 0), "argon2's parallelism"),
        (argon2id(u32::MAX, 1, 1 << 24), "argon2's parallelism"),
        (Scheme::WerkzeugPbkdf2 { rounds: 0 }, "rounds"),
    ] {
        let refused = HashError::Parameter(part);
        assert_eq!(scheme.check(), Err(refused), "{scheme:?}");
        assert_eq!(scheme.cost(), Err(refused), "{scheme:?}");
        assert_eq!(scheme.hash("x", &SALT, &mut Scratch::default()), Err(refused), "{scheme:?}");
    }
}

#[test]
fn a_scheme_foretells_the_cost_of_its_hashes() {
    for scheme in schemes() {
        let written = scheme.hash("password", &SALT, &mut Scratch::default()).unwrap();
        assert_eq!(scheme.cost(), Ok(StoredHash::parse(&written).unwrap().cost()), "{written}");
    }
}

#[test]
fn the_scratch_keeps_its_memory_and_its_content_changes_nothing() {
    let mut scratch = Scratch::default();
    let fresh = |scheme: Scheme| scheme.hash("password", &SALT, &mut Scratch::default());

    let large = argon2id(256, 2, 1);
    assert_eq!(large.hash("password", &SALT, &mut scratch), fresh(large));
    assert_eq!(scratch.memory_kib(), 256);

    let small = argon2id(64, 2, 4);
    assert_eq!(small.hash("password", &SALT, &mut scratch), fresh(small));
    assert_eq!(scratch.memory_kib(), 256);

    scratch.release();
    assert_eq!(scratch.memory_kib(), 0);
    assert_eq!(large.hash("password", &SALT, &mut scratch), fresh(large));
}

#[test]
fn a_written_hash_is_of_its_schemes_family() {
    let families = schemes().map(|scheme| Family::of(&scheme.hash("x", &SALT, &mut Scratch::default()).unwrap()));

    assert_eq!(families, [Family::Argon2id, Family::WerkzeugPbkdf2, Family::WerkzeugScrypt]);
    assert_eq!(families.map(Family::name), schemes().map(|scheme| scheme.name()));
}

#[test]
fn a_password_counts_whole_and_byte_for_byte() {
    let long = "a".repeat(1024);
    for scheme in schemes() {
        let written = scheme.hash(&long, &SALT, &mut Scratch::default()).unwrap();
        assert_eq!(verify(&written, &long, &[]), Ok(Verdict::Match));
        assert_eq!(verify(&written, &long[1..], &[]), Ok(Verdict::Mismatch));
        assert_eq!(verify(&written, &format!("{}b", &long[1..]), &[]), Ok(Verdict::Mismatch));
        // A NUL is a character as any other, also at the end.
        assert_eq!(verify(&written, &format!("{}\0", &long[1..]), &[]), Ok(Verdict::Mismatch));
    }
}

proptest! {
    #[test]
    fn what_is_written_is_accepted_and_any_other_password_refused(
        password in ".{0,80}",
        other in ".{0,80}",
        salt in any::<[u8; SALT_LEN]>(),
        scheme in prop::sample::select(schemes()[..2].to_vec()),
        pepper in any::<Vec<u8>>(),
    ) {
        let mut scratch = Scratch::default();
        let written = scheme.hash(&password, &salt, &mut scratch).unwrap();
        let stored = StoredHash::parse(&written).unwrap();
        let mut verify = |candidate: &str| stored.verify(candidate, std::slice::from_ref(&pepper), &Limits::default(), &mut scratch);
        prop_assert_eq!(verify(&password), Ok(Verdict::Match));
        // HMAC pads its key with NULs, so that PBKDF2 can't tell them at a short password's end.
        if other.trim_end_matches('\0') != password.trim_end_matches('\0') {
            prop_assert_eq!(verify(&other), Ok(Verdict::Mismatch));
        }
    }
}
