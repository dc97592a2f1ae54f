use hmac::{Hmac, KeyInit as _, Mac as _, SimpleHmac};
use pbkdf2::pbkdf2;
use sha2::Digest as _;

/// The fixed-length digests that Python's hashlib offers under OpenSSL 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512_224,
    Sha512_256,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    Blake2b,
    Blake2s,
    Ripemd160,
    Sm3,
}

/// Runs a body with `D` as the digest's type and `M` as that of its HMAC. BLAKE2 keeps its last
/// block back, which only the simple form of HMAC can work with.
macro_rules! with_digest {
    ($digest:expr, $D:ident, $M:ident, $body:expr) => {
        with_digest!(@arms $digest, $D, $M, $body,
            Md5 => md5::Md5, Hmac;
            Sha1 => sha1::Sha1, Hmac;
            Sha224 => sha2::Sha224, Hmac;
            Sha256 => sha2::Sha256, Hmac;
            Sha384 => sha2::Sha384, Hmac;
            Sha512 => sha2::Sha512, Hmac;
            Sha512_224 => sha2::Sha512_224, Hmac;
            Sha512_256 => sha2::Sha512_256, Hmac;
            Sha3_224 => sha3::Sha3_224, Hmac;
            Sha3_256 => sha3::Sha3_256, Hmac;
            Sha3_384 => sha3::Sha3_384, Hmac;
            Sha3_512 => sha3::Sha3_512, Hmac;
            Blake2b => blake2::Blake2b512, SimpleHmac;
            Blake2s => blake2::Blake2s256, SimpleHmac;
            Ripemd160 => ripemd::Ripemd160, Hmac;
            Sm3 => sm3::Sm3, Hmac;
        )
    };
    (@arms $digest:expr, $D:ident, $M:ident, $body:expr,
        $($name:ident => $type:ty, $mac:ident;)*) => {
        match $digest {
            $(Digest::$name => {
                #[allow(dead_code, reason = "a body uses one of the two")]
                type $D = $type;
                #[allow(dead_code, reason = "a body uses one of the two")]
                type $M = $mac<$type>;
                $body
            })*
        }
    };
}

impl Digest {
    /// The digest of a hashlib name; OpenSSL's spellings are taken too, as `hashlib.new` does.
    pub(crate) fn named(name: &str) -> Option<Self> {
        // The longest name has 11 characters: no copy of a KiB for a string of no digest.
        if name.len() > 16 {
            return None;
        }
        let name = name.to_ascii_lowercase().replace('-', "_");
        Some(match name.as_str() {
            "md5" => Self::Md5,
            "sha1" | "sha_1" => Self::Sha1,
            "sha224" | "sha_224" | "sha2_224" => Self::Sha224,
            "sha256" | "sha_256" | "sha2_256" => Self::Sha256,
            "sha384" | "sha_384" | "sha2_384" => Self::Sha384,
            "sha512" | "sha_512" | "sha2_512" => Self::Sha512,
            "sha512_224" | "sha_512_224" => Self::Sha512_224,
            "sha512_256" | "sha_512_256" => Self::Sha512_256,
            "sha3_224" => Self::Sha3_224,
            "sha3_256" => Self::Sha3_256,
            "sha3_384" => Self::Sha3_384,
            "sha3_512" => Self::Sha3_512,
            "blake2b" | "blake2b512" | "blake2b_512" => Self::Blake2b,
            "blake2s" | "blake2s256" | "blake2s_256" => Self::Blake2s,
            "ripemd160" | "ripemd" | "rmd160" => Self::Ripemd160,
            "sm3" => Self::Sm3,
            _ => return None,
        })
    }

    /// Length of its output, in bytes.
    pub(crate) fn len(self) -> usize {
        with_digest!(self, D, M, D::output_size())
    }

    /// Time of one block on a slow core, in nanoseconds.
    pub(crate) fn block_ns(self) -> u64 {
        match self {
            Self::Md5 | Self::Sha1 => 150,
            Self::Sha224 | Self::Sha256 | Self::Ripemd160 | Self::Sm3 | Self::Blake2s => 200,
            Self::Sha384 | Self::Sha512 | Self::Sha512_224 | Self::Sha512_256 | Self::Blake2b => 300,
            Self::Sha3_224 | Self::Sha3_256 | Self::Sha3_384 | Self::Sha3_512 => 500,
        }
    }

    /// The digest of the parts, one after the other.
    pub(crate) fn hash(self, parts: &[&[u8]]) -> Vec<u8> {
        with_digest!(self, D, M, {
            let mut digest = D::new();
            for part in parts {
                digest.update(part);
            }
            digest.finalize().to_vec()
        })
    }

    /// HMAC (RFC 2104).
    pub(crate) fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        with_digest!(self, D, M, {
            let mut mac = M::new_from_slice(key).expect("HMAC takes a key of any length");
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        })
    }

    /// PBKDF2 (RFC 8018 §5.2) with HMAC, as long as the digest.
    pub(crate) fn pbkdf2(self, password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
        with_digest!(self, D, M, {
            let mut derived = vec![0; D::output_size()];
            pbkdf2::<M>(password, salt, rounds, &mut derived).expect("HMAC takes a key of any length");
            derived
        })
    }
}
