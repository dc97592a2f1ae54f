use xorf::{BinaryFuse16Ref, DmaSerializable as _, Filter as _, FilterRef as _};

use super::common_key::common_key;

#[cfg(target_endian = "big")]
compile_error!("the filter of common passwords is laid out for little-endian machines");

/// The filter reads 16-bit numbers straight from the program's own bytes.
#[repr(C, align(2))]
struct Aligned<B: ?Sized>(B);

/// A binary fuse filter with fingerprints of 16 bits, made by `cargo xtask common-passwords`: nothing is read or
/// copied at start. It knows every password of its lists, and takes one in 65,536 of all others for one of them.
static FILTER: &Aligned<[u8]> = &Aligned(*include_bytes!("common.filter"));

/// Whether this is among the passwords that are tried first, in whatever case.
pub(super) fn is_common(password: &str) -> bool {
    let (descriptor, fingerprints) = FILTER.0.split_at(xorf::BinaryFuse16::DESCRIPTOR_LEN);
    BinaryFuse16Ref::from_dma(descriptor, fingerprints).contains(&common_key(password))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_most_common_passwords_are_known_in_any_case() {
        for password in ["password", "12345678", "Password1", "QWERTYUIOP", "iloveyou", "baseball", "1q2w3e4r5t"] {
            assert!(is_common(password), "{password}");
        }
        for password in ["correct horse battery staple", "a long pass phrase", "夏天的风吹过山谷"] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn few_others_are_taken_for_common_ones() {
        let others = (0..200_000_u32).map(|number| format!("{:x?}", Sha256::digest(number.to_be_bytes())));
        let wrong = others.filter(|other| is_common(other)).count();
        assert!(wrong <= 12, "{wrong} of 200,000 where about 3 are expected");
    }
}
