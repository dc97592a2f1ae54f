//! The targets on a stable compiler: the seeds as they are, then changed.

use doorward_fuzz::{TARGETS, Target};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

/// One change of an input; places are fractions of its length.
#[derive(Debug, Clone)]
enum Change {
    /// Another byte.
    Byte(prop::sample::Index, u8),
    /// A bit turned over.
    Bit(prop::sample::Index, u8),
    /// A piece of this kind of input put in.
    Word(prop::sample::Index, prop::sample::Index),
    /// Some bytes less.
    Cut(prop::sample::Index, usize),
    /// A part once more.
    Repeat(prop::sample::Index, usize),
    /// The rest is another seed's.
    Cross(prop::sample::Index, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        1 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        1 => (place(), 0..8_u8).prop_map(|(at, bit)| Change::Bit(at, bit)),
        3 => (place(), place()).prop_map(|(at, word)| Change::Word(at, word)),
        2 => (place(), 1..8_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => (place(), 1..40_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => (place(), place()).prop_map(|(at, seed)| Change::Cross(at, seed)),
    ]
}

fn changed(mut input: Vec<u8>, changes: &[Change], seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    for change in changes {
        let at = |place: &prop::sample::Index| place.index(input.len() + 1);
        match change {
            Change::Byte(place, _) | Change::Bit(place, _) if at(place) == input.len() => {}
            Change::Byte(place, byte) => {
                let at = at(place);
                input[at] = *byte;
            }
            Change::Bit(place, bit) => {
                let at = at(place);
                input[at] ^= 1 << bit;
            }
            Change::Word(place, word) => {
                let at = at(place);
                input.splice(at..at, word.get(words).bytes());
            }
            Change::Cut(place, length) => {
                let at = at(place);
                input.drain(at..input.len().min(at + length));
            }
            Change::Repeat(place, length) => {
                let at = at(place);
                let part = input[at..input.len().min(at + length)].to_vec();
                input.splice(at..at, part);
            }
            Change::Cross(place, seed) => {
                let at = at(place);
                let other = seed.get(seeds);
                input.truncate(at);
                input.extend_from_slice(&other[at.min(other.len())..]);
            }
        }
    }
    input
}

/// How many changed inputs a target gets.
const CASES: u32 = 2000;

fn replay(name: &str) {
    let Target { run, seeds, words, .. } = TARGETS.iter().find(|target| target.name == name).expect("a target's name");
    let seeds = seeds();
    assert!(seeds.len() >= 10, "{} seeds", seeds.len());
    run(&[]);
    seeds.iter().for_each(|seed| run(seed));

    let input = (prop::sample::select(seeds.clone()), prop::collection::vec(change(), 1..6))
        .prop_map(|(seed, changes)| Shown(changed(seed, &changes, &seeds, words)));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&input, |input| {
        run(&input.0);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// An input that is text most of the time.
#[derive(Clone)]
struct Shown(Vec<u8>);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*

        #[test]
        fn every_target_is_replayed_and_given_to_the_fuzzer() {
            let replayed = [$(stringify!($name)),*];
            let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz_targets")).expect("the folder is there");
            let mut files: Vec<_> = files
                .map(|file| file.expect("it can be listed").path().file_stem().expect("a name").display().to_string())
                .collect();
            files.sort();
            let targets: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(targets, replayed);
            assert_eq!(targets, files, "the folder `fuzz_targets`");
        }
    };
}

replays! {
    accept_language
    client_address
    configuration
    credentials
    flask_cookies
    forward_auth
    import_files
    json_bodies
    password_hashes
    requests
    tokens
}
