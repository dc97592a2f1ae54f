use super::HashError;

/// What one computation of a hash takes, estimated from its parameters alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory at its peak, in KiB.
    pub memory_kib: u64,
    /// Time on one slow core (about 2 GHz, without instructions for SHA), in nanoseconds.
    /// A current core takes between a third of this and all of it.
    pub work_ns: u64,
}

impl Cost {
    /// A cost without memory of note.
    pub(crate) const fn of_work(work_ns: u64) -> Self {
        Self { memory_kib: 1, work_ns }
    }
}

/// The most that verifying one stored hash may take; what claims more is refused unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory, in KiB.
    pub memory_kib: u64,
    /// Time on one slow core, in nanoseconds.
    pub work_ns: u64,
}

impl Default for Limits {
    /// 256 MiB (and one more, for scrypt's buffers beside its table) and 5 s.
    ///
    /// That is about 12 million rounds of PBKDF2-SHA256, bcrypt up to cost 16, scrypt with
    /// `ln=18,r=8,p=1`, Argon2 with 256 MiB and 12 passes.
    fn default() -> Self {
        Self { memory_kib: 257 * 1024, work_ns: 5_000_000_000 }
    }
}

impl Limits {
    /// Whether a verification that takes `cost` may be done.
    pub fn allow(&self, cost: Cost) -> bool {
        cost.memory_kib <= self.memory_kib && cost.work_ns <= self.work_ns
    }

    pub(crate) fn check(&self, cost: Cost) -> Result<(), HashError> {
        if self.allow(cost) { Ok(()) } else { Err(HashError::TooExpensive(cost)) }
    }
}
