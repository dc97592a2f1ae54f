use std::thread;

use serde_json::Value;

use super::super::Family;
use super::super::algorithm::pepper;
use super::{Limits, Scratch, StoredHash, Verdict, verify};

const FLASK: &str = include_str!("../../../../tests/fixtures/password_hashes.jsonl");
const MORE: &str = include_str!("../../../../tests/fixtures/password_hashes_more.jsonl");

struct Row {
    scheme: String,
    encoded: String,
    password: String,
    expected: bool,
    peppers: Vec<Vec<u8>>,
    source: String,
}

fn rows(lines: &str) -> Vec<Row> {
    lines
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            Row {
                scheme: text("scheme"),
                encoded: text("encoded"),
                password: text("password"),
                expected: row["expected"].as_bool().unwrap(),
                peppers: row["pepper"].as_str().map(|pepper| pepper.as_bytes().to_vec()).into_iter().collect(),
                source: text("source"),
            }
        })
        .collect()
}

/// Every row that isn't answered as expected. Two threads, as some rows go a million rounds.
fn wrong_answers(rows: &[Row]) -> Vec<String> {
    let wrong = |row: &Row| {
        let answer = verify(&row.encoded, &row.password, &row.peppers);
        let right = match answer {
            Ok(verdict) => row.scheme != "damaged" && verdict.is_match() == row.expected,
            Err(_) => row.scheme == "damaged",
        };
        (!right).then(|| format!("{answer:?} for {} ({})", row.encoded, row.source))
    };
    let halves: Vec<Vec<&Row>> = (0..2).map(|half| rows.iter().skip(half).step_by(2).collect()).collect();
    thread::scope(|scope| {
        let threads: Vec<_> =
            halves.iter().map(|half| scope.spawn(|| half.iter().filter_map(|row| wrong(row)).collect())).collect();
        threads.into_iter().flat_map(|thread| -> Vec<String> { thread.join().unwrap() }).collect()
    })
}

#[test]
fn hashes_of_the_flask_world_verify_as_their_systems_do() {
    let rows = rows(FLASK);
    assert_eq!(rows.len(), 593);
    assert_eq!(wrong_answers(&rows), Vec::<String>::new());
}

#[test]
fn rarer_hashes_of_the_same_families_verify_as_their_systems_do() {
    let rows = rows(MORE);
    assert!(rows.len() > 100);
    assert_eq!(wrong_answers(&rows), Vec::<String>::new());
}

#[test]
fn a_password_that_begins_otherwise_is_refused_by_every_cheap_hash() {
    for row in rows(MORE).into_iter().filter(|row| row.expected) {
        let stored = StoredHash::parse(&row.encoded).unwrap();
        if stored.cost().work_ns > 20_000_000 {
            continue;
        }
        let other = format!("x{}", row.password);
        let verdict = stored.verify(&other, &row.peppers, &Limits::default(), &mut Scratch::default());
        assert_eq!(verdict, Ok(Verdict::Mismatch), "{}", row.encoded);
    }
}

#[test]
fn a_double_hash_needs_its_pepper_among_those_given_and_says_so() {
    let row = rows(FLASK).into_iter().find(|row| !row.peppers.is_empty() && row.expected).unwrap();
    let right = row.peppers[0].clone();

    assert_eq!(verify(&row.encoded, &row.password, &[]), Ok(Verdict::Mismatch));
    assert_eq!(verify(&row.encoded, &row.password, &[b"other".to_vec()]), Ok(Verdict::Mismatch));
    assert_eq!(verify(&row.encoded, &row.password, &[b"other".to_vec(), right]), Ok(Verdict::PepperedMatch));
}

#[test]
fn a_single_hash_verifies_beside_a_pepper_as_a_single_one() {
    let row = rows(FLASK).into_iter().find(|row| row.scheme == "bcrypt" && row.expected).unwrap();

    assert_eq!(verify(&row.encoded, &row.password, &[b"pepper".to_vec()]), Ok(Verdict::Match));
}

#[test]
fn other_systems_hashes_are_never_tried_under_a_pepper() {
    let double = rows(FLASK).into_iter().find(|row| !row.peppers.is_empty() && row.expected).unwrap();
    let plain = format!("plain$${}", pepper::double_hash(&double.peppers[0], double.password.as_bytes()).as_str());
    let ldap = format!("{{CRYPT}}{}", double.encoded);

    for encoded in [plain, ldap] {
        assert_eq!(verify(&encoded, &double.password, &double.peppers), Ok(Verdict::Mismatch), "{encoded}");
    }
}

/// Vectors of `crypt_blowfish`'s own test, with passwords that no Unicode string can hold.
#[test]
fn the_sign_extended_bcrypt_makes_the_mistake_of_its_time() {
    let matches = |encoded: &str, password: &[u8]| {
        StoredHash::parse(encoded).unwrap().algorithm.matches(password, &mut Scratch::default()).unwrap()
    };
    let faulty = "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e";
    let mended = "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq";

    assert!(matches(faulty, b"\xa3"));
    assert!(matches(mended, b"\xa3"));
    assert!(!matches(&faulty.replace("2x", "2y"), b"\xa3"));
    assert!(!matches(&mended.replace("2y", "2x"), b"\xa3"));
    // The mistake: a byte above 127 wipes out those before it in its word.
    assert!(matches(faulty, b"\xff\xff\xa3"));
}

#[test]
fn every_row_is_of_a_named_family() {
    for row in rows(FLASK).into_iter().chain(rows(MORE)).filter(|row| row.scheme != "damaged") {
        let family = Family::of(&row.encoded);
        assert!(
            !matches!(family, Family::Unknown | Family::Damaged | Family::Unusable),
            "{family} for {}",
            row.encoded
        );
    }
}
