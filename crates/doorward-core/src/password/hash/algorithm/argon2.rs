use ::argon2::{AssociatedData, ParamsBuilder};

use super::super::{Cost, HashError, Scratch};
use super::equal;

pub(crate) use ::argon2::{Algorithm as Variant, Version};

/// Argon2 (RFC 9106).
#[derive(Clone)]
pub(crate) struct Argon2 {
    params: Params,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

/// What Argon2 is told beside the password and the salt, checked.
#[derive(Clone)]
pub(crate) struct Params {
    variant: Variant,
    version: Version,
    inner: ::argon2::Params,
}

impl Params {
    /// `data` is the associated data of older strings, mostly empty.
    pub(crate) fn new(
        variant: Variant,
        version: Version,
        memory_kib: u32,
        iterations: u32,
        parallelism: u32,
        data: &[u8],
    ) -> Result<Self, HashError> {
        use ::argon2::Error;
        let data = AssociatedData::new(data).map_err(|_| HashError::Malformed("argon2's data"))?;
        let inner =
            ParamsBuilder::new().m_cost(memory_kib).t_cost(iterations).p_cost(parallelism).data(data).build().map_err(
                |error| {
                    HashError::Malformed(match error {
                        Error::MemoryTooLittle | Error::MemoryTooMuch => "argon2's memory",
                        Error::TimeTooSmall => "argon2's iterations",
                        _ => "argon2's parallelism",
                    })
                },
            )?;
        Ok(Self { variant, version, inner })
    }

    pub(crate) fn memory_kib(&self) -> u32 {
        self.inner.m_cost()
    }

    pub(crate) fn iterations(&self) -> u32 {
        self.inner.t_cost()
    }

    pub(crate) fn parallelism(&self) -> u32 {
        self.inner.p_cost()
    }

    /// Whether it is Argon2id of the current version (19), without associated data.
    pub(crate) fn is_current(&self) -> bool {
        self.variant == Variant::Argon2id && self.version == Version::V0x13 && self.inner.data().is_empty()
    }

    /// Every pass computes each block of 1 KiB once; the lanes are computed one after the other.
    pub(crate) fn cost(&self) -> Cost {
        let memory_kib = u64::from(self.memory_kib());
        Cost { memory_kib, work_ns: memory_kib.saturating_mul(u64::from(self.iterations())).saturating_mul(1_500) }
    }

    /// Derives a key. The caller has compared [`cost`](Self::cost) with its limits.
    pub(crate) fn derive(
        &self,
        password: &[u8],
        salt: &[u8],
        scratch: &mut Scratch,
        derived: &mut [u8],
    ) -> Result<(), HashError> {
        let blocks = scratch.blocks(self.inner.block_count())?;
        ::argon2::Argon2::new(self.variant, self.version, self.inner.clone())
            .hash_password_into_with_memory(password, salt, derived, blocks)
            .map_err(|_| HashError::Malformed("argon2's salt or length"))
    }
}

impl Argon2 {
    pub(crate) fn new(params: Params, salt: Vec<u8>, expected: Vec<u8>) -> Result<Self, HashError> {
        if salt.len() < ::argon2::MIN_SALT_LEN {
            return Err(HashError::Malformed("salt"));
        }
        // The PHC format's least length; a shorter one is matched by chance.
        if !(10..=128).contains(&expected.len()) {
            return Err(HashError::Malformed("digest"));
        }
        Ok(Self { params, salt, expected })
    }

    pub(crate) fn params(&self) -> &Params {
        &self.params
    }

    /// Lengths of the salt and the digest, in bytes.
    pub(crate) fn lengths(&self) -> (usize, usize) {
        (self.salt.len(), self.expected.len())
    }

    pub(crate) fn cost(&self) -> Cost {
        self.params.cost()
    }

    pub(crate) fn matches(&self, password: &[u8], scratch: &mut Scratch) -> Result<bool, HashError> {
        let mut derived = vec![0; self.expected.len()];
        self.params.derive(password, &self.salt, scratch, &mut derived)?;
        Ok(equal(&self.expected, &derived))
    }
}
