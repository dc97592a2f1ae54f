use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// Where random bytes come from. Nothing in Doorward takes them elsewhere, so that a test can set
/// them.
pub trait Randomness: Send + Sync + 'static {
    /// Fills `bytes`, unguessably.
    fn fill(&self, bytes: &mut [u8]);
}

/// The random number generator of aws-lc, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        SystemRandom::new().fill(bytes).expect("aws-lc's generator has no failing path once the process has started");
    }
}

/// `N` random bytes.
pub fn random_bytes<const N: usize>(randomness: &dyn Randomness) -> [u8; N] {
    let mut bytes = [0; N];
    randomness.fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_systems_randomness_never_repeats() {
        let drawn: HashSet<[u8; 16]> = (0..10_000).map(|_| random_bytes(&SystemRandomness)).collect();
        assert_eq!(drawn.len(), 10_000);
        let set_bits: u32 = drawn.iter().flatten().map(|byte| byte.count_ones()).sum();
        // Of 1,280,000 bits; the deviation is 566.
        assert!(set_bits.abs_diff(640_000) < 6 * 566, "{set_bits}");
    }
}
