use md5::{Digest as _, Md5};

use super::super::{Cost, encoding};
use super::equal;

/// The MD5 scheme of FreeBSD's crypt(3) (`$1$`) and of Apache (`$apr1$`): no kept crate has it.
#[derive(Clone)]
pub(crate) struct Md5Crypt {
    /// `$1$` or `$apr1$`: it is part of what is digested.
    pub(crate) magic: &'static str,
    pub(crate) salt: Vec<u8>,
    /// As it stands in the string: the digest's bytes in the scheme's own order.
    pub(crate) expected: String,
}

impl Md5Crypt {
    /// 1,000 rounds, each over the password almost twice.
    pub(crate) fn cost(password_len: usize) -> Cost {
        let round_len = (password_len as u64).saturating_mul(2).saturating_add(33);
        Cost::of_work(round_len.div_ceil(64).saturating_mul(1_000 * 150))
    }

    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        let inner = Md5::new().chain_update(password).chain_update(&self.salt).chain_update(password).finalize();
        let mut first = Md5::new().chain_update(password).chain_update(self.magic).chain_update(&self.salt);
        for chunk in password.chunks(16) {
            first.update(&inner[..chunk.len()]);
        }
        let mut bits = password.len();
        while bits > 0 {
            // The original took this from a buffer that it had just cleared.
            first.update(if bits & 1 == 1 { &[0] } else { &password[..1] });
            bits >>= 1;
        }
        let mut last = first.finalize();
        for round in 0..1_000 {
            let mut next = Md5::new();
            if round % 2 == 1 {
                next.update(password);
            } else {
                next.update(last);
            }
            if round % 3 != 0 {
                next.update(&self.salt);
            }
            if round % 7 != 0 {
                next.update(password);
            }
            if round % 2 == 1 {
                next.update(last);
            } else {
                next.update(password);
            }
            last = next.finalize();
        }
        let order = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11];
        let computed = encoding::crypt_base64(&last, order.into_iter());
        equal(self.expected.as_bytes(), computed.as_bytes())
    }
}
