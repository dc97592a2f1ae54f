use super::super::Cost;
use super::digest::Digest;
use super::equal;

/// How often PBKDF2 goes round.
#[derive(Clone, Copy)]
pub(crate) enum Rounds {
    Given(u32),
    /// Not written down: the default of one of the versions that can have made the hash.
    OneOf(&'static [u32]),
}

impl Rounds {
    fn candidates(&self) -> &[u32] {
        match self {
            Self::Given(rounds) => std::slice::from_ref(rounds),
            Self::OneOf(defaults) => defaults,
        }
    }
}

/// PBKDF2 (RFC 8018 §5.2) with HMAC; as long as its digest in every notation.
#[derive(Clone)]
pub(crate) struct Pbkdf2 {
    pub(crate) digest: Digest,
    pub(crate) rounds: Rounds,
    pub(crate) salt: Vec<u8>,
    pub(crate) expected: Vec<u8>,
}

impl Pbkdf2 {
    /// A round is two blocks of the digest: HMAC's key is prepared once.
    pub(crate) fn cost(&self) -> Cost {
        let rounds: u64 = self.rounds.candidates().iter().copied().map(u64::from).sum();
        Cost::of_work(rounds.saturating_mul(2 * self.digest.block_ns()))
    }

    /// The fewest rounds that the hash can have been made with.
    pub(crate) fn least_rounds(&self) -> u32 {
        self.rounds.candidates().iter().copied().min().unwrap_or(0)
    }

    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        self.rounds.candidates().iter().fold(false, |found, &rounds| {
            found | equal(&self.expected, &self.digest.pbkdf2(password, &self.salt, rounds))
        })
    }
}
