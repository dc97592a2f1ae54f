use super::super::{Cost, HashError};
use super::equal;

/// scrypt (RFC 7914).
#[derive(Clone)]
pub(crate) struct Scrypt {
    params: Params,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

/// scrypt's parameters, checked: no product of them overflows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Params {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Params {
    /// `n` is a power of two from 2 to 2^31, `r · p` is below 2^30 (RFC 7914 §2).
    pub(crate) fn new(n: u32, r: u32, p: u32) -> Result<Self, HashError> {
        if n < 2 || !n.is_power_of_two() {
            return Err(HashError::Malformed("scrypt's n"));
        }
        let product = u64::from(r) * u64::from(p);
        if product == 0 || product >= 1 << 30 {
            return Err(HashError::Malformed("scrypt's r and p"));
        }
        Ok(Self { log_n: n.trailing_zeros().try_into().expect("a u32 has 32 bits"), r, p })
    }

    /// n · r · p: what the work is proportional to. Below 2^61.
    pub(crate) fn work(self) -> u64 {
        (u64::from(self.r) * u64::from(self.p)) << self.log_n
    }

    /// A block of 128·r bytes is mixed 2·n times for each of the p lanes; the table has n blocks,
    /// beside which stand the p lanes and one block more.
    pub(crate) fn cost(self) -> Cost {
        let blocks = (1_u64 << self.log_n) + u64::from(self.p) + 1;
        Cost { memory_kib: blocks.saturating_mul(u64::from(self.r)) / 8 + 1, work_ns: self.work().saturating_mul(400) }
    }

    /// Derives a key. The caller has compared [`cost`](Self::cost) with its limits.
    pub(crate) fn derive(self, password: &[u8], salt: &[u8], derived: &mut [u8]) -> Result<(), HashError> {
        let params = ::scrypt::Params::new(self.log_n, self.r, self.p)
            .map_err(|_| HashError::Malformed("scrypt's parameters"))?;
        ::scrypt::scrypt(password, salt, &params, derived).map_err(|_| HashError::Malformed("scrypt's length"))
    }
}

impl Scrypt {
    pub(crate) fn new(params: Params, salt: Vec<u8>, expected: Vec<u8>) -> Result<Self, HashError> {
        // The PHC format's least length; a shorter one is matched by chance.
        if !(10..=128).contains(&expected.len()) {
            return Err(HashError::Malformed("digest"));
        }
        Ok(Self { params, salt, expected })
    }

    pub(crate) fn params(&self) -> Params {
        self.params
    }

    pub(crate) fn cost(&self) -> Cost {
        self.params.cost()
    }

    pub(crate) fn matches(&self, password: &[u8]) -> Result<bool, HashError> {
        let mut derived = vec![0; self.expected.len()];
        self.params.derive(password, &self.salt, &mut derived)?;
        Ok(equal(&self.expected, &derived))
    }
}
