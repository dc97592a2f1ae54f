use thiserror::Error;

use super::Cost;

/// Why a stored hash can't be used, or a new one not be made.
///
/// No case holds any part of the stored string or of a password, so that it can be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HashError {
    /// Empty, or begins with `!` or `*`: the account has no password by intent.
    #[error("the account has no usable password")]
    Unusable,
    /// Longer than [`MAX_ENCODED_LEN`](super::MAX_ENCODED_LEN) bytes.
    #[error("the stored hash is longer than any known one")]
    TooLong,
    /// Of no scheme that is known here.
    #[error("the stored hash is of an unknown scheme")]
    UnknownScheme,
    /// Of a known scheme, but damaged; the text names the part.
    #[error("the stored hash is damaged: {0}")]
    Malformed(&'static str),
    /// Verifying it takes more than the [`Limits`](super::Limits) allow.
    #[error("the stored hash claims {} KiB and {} ms of work, above the limits", .0.memory_kib, .0.work_ns / 1_000_000)]
    TooExpensive(Cost),
    /// The memory that the scheme needs could not be had.
    #[error("not enough memory for the hash")]
    OutOfMemory,
    /// Parameters for new hashes that the scheme doesn't allow; the text names the parameter.
    #[error("the password scheme's parameter is out of range: {0}")]
    Parameter(&'static str),
}

impl HashError {
    /// A stable name for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unusable => "hash_unusable",
            Self::TooLong => "hash_too_long",
            Self::UnknownScheme => "hash_unknown_scheme",
            Self::Malformed(_) => "hash_malformed",
            Self::TooExpensive(_) => "hash_too_expensive",
            Self::OutOfMemory => "hash_out_of_memory",
            Self::Parameter(_) => "hash_parameter",
        }
    }
}
