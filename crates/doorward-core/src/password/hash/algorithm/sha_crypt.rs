use super::super::{Cost, HashError, encoding};
use super::equal;

/// Which digest the scheme is built on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    Sha256,
    Sha512,
}

/// SHA-crypt (Drepper): `$5$` and `$6$`.
#[derive(Clone)]
pub(crate) struct ShaCrypt {
    pub(crate) variant: Variant,
    pub(crate) rounds: u32,
    pub(crate) salt: Vec<u8>,
    /// As it stands in the string: the digest's bytes in the scheme's own order.
    pub(crate) expected: String,
}

impl ShaCrypt {
    pub(crate) const DEFAULT_ROUNDS: u32 = ::sha_crypt::Params::RECOMMENDED_ROUNDS;

    /// Each round digests the password almost twice, and before them it is digested once for each
    /// of its bytes.
    pub(crate) fn cost(&self, password_len: usize) -> Cost {
        let (digest_len, block_len, block_ns) = match self.variant {
            Variant::Sha256 => (32, 64, 200),
            Variant::Sha512 => (64, 128, 300),
        };
        let password_len = password_len as u64;
        // The salt, and the digest's padding.
        let round_len = password_len.saturating_mul(2).saturating_add(digest_len + 16 + 17);
        let rounds = u64::from(self.rounds).saturating_mul(round_len.div_ceil(block_len));
        let before = password_len.saturating_mul(password_len) / block_len;
        Cost::of_work(rounds.saturating_add(before).saturating_mul(block_ns))
    }

    pub(crate) fn matches(&self, password: &[u8]) -> Result<bool, HashError> {
        let params = ::sha_crypt::Params::new(self.rounds).map_err(|_| HashError::Malformed("rounds"))?;
        let computed = match self.variant {
            Variant::Sha256 => {
                let digest = ::sha_crypt::sha256_crypt(password, &self.salt, params);
                let groups = (0..10).flat_map(|group| {
                    let first = [0, 21, 12][group % 3] + group / 3 * 3;
                    [first, (first + 10) % 30, (first + 20) % 30]
                });
                encoding::crypt_base64(&digest, groups.chain([31, 30]))
            }
            Variant::Sha512 => {
                let digest = ::sha_crypt::sha512_crypt(password, &self.salt, params);
                let groups = (0..21).flat_map(|group| {
                    let first = group * 22 % 63;
                    [first, (first + 21) % 63, (first + 42) % 63]
                });
                encoding::crypt_base64(&digest, groups.chain([63]))
            }
        };
        Ok(equal(self.expected.as_bytes(), computed.as_bytes()))
    }
}
