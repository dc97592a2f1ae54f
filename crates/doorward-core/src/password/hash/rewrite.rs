use super::algorithm::digest::Digest;
use super::algorithm::pbkdf2::Rounds;
use super::algorithm::{Algorithm, sha_crypt};
use super::write::{ARGON2_DIGEST_LEN, SALT_LEN, werkzeug_scrypt};
use super::{Family, Scheme, StoredHash};

/// PBKDF2-SHA256's rounds where no target names any: OWASP's least.
const LEAST_PBKDF2_ROUNDS: u32 = 600_000;

/// Which hashes are replaced after their password was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewritePolicy {
    /// Whatever is not exactly what the target scheme would write now, its parameters included: a
    /// database of Doorward's own.
    Always,
    /// Only what no longer protects its password: a database that the old application still reads,
    /// and whose strong hashes it must go on reading. Weak are
    ///
    /// * plain passwords and single digests, salted or not, LDAP's too, and the MD5 crypt;
    /// * PBKDF2 with fewer rounds than the target (600,000 where the target isn't PBKDF2), reckoned
    ///   for SHA-256: the SHA-512 family needs 7/20 of them, SHA-1 13/6, as OWASP has it; on MD5
    ///   always;
    /// * scrypt below Werkzeug's `32768:8:1`;
    /// * bcrypt below cost 10;
    /// * Argon2 with less than 7 MiB, or with memory × passes below 35 MiB (OWASP's least);
    /// * SHA-crypt with fewer than 500,000 (`$5$`) or 200,000 (`$6$`) rounds.
    ///
    /// A weak hash is rewritten to the target whatever system wrote it, so the target must be one
    /// that the old application reads.
    OnlyWeak,
}

impl StoredHash {
    /// Whether this hash, whose password was just verified, is to be replaced by one of `target`.
    ///
    /// A double hash ([`Verdict::PepperedMatch`](super::Verdict::PepperedMatch)) can't be told from
    /// its string: under [`RewritePolicy::Always`] the caller replaces those as well.
    pub fn needs_rewrite(&self, target: &Scheme, policy: RewritePolicy) -> bool {
        match policy {
            RewritePolicy::Always => !self.is_written_by(target),
            RewritePolicy::OnlyWeak => self.is_weak(target),
        }
    }

    fn is_written_by(&self, target: &Scheme) -> bool {
        match (*target, self.family, &self.algorithm) {
            (Scheme::Argon2id(params), Family::Argon2id, Algorithm::Argon2(argon2)) => {
                let stored = argon2.params();
                stored.is_current()
                    && stored.memory_kib() == params.memory_kib
                    && stored.iterations() == params.iterations
                    && stored.parallelism() == params.parallelism
                    && argon2.lengths() == (SALT_LEN, ARGON2_DIGEST_LEN)
            }
            (Scheme::WerkzeugPbkdf2 { rounds }, Family::WerkzeugPbkdf2, Algorithm::Pbkdf2(pbkdf2)) => {
                pbkdf2.digest == Digest::Sha256 && matches!(pbkdf2.rounds, Rounds::Given(stored) if stored == rounds)
            }
            (Scheme::WerkzeugScrypt, Family::WerkzeugScrypt, Algorithm::Scrypt(scrypt)) => {
                werkzeug_scrypt() == Ok(scrypt.params())
            }
            _ => false,
        }
    }

    fn is_weak(&self, target: &Scheme) -> bool {
        match &self.algorithm {
            Algorithm::Plain(_) | Algorithm::SinglePass(_) | Algorithm::Md5Crypt(_) => true,
            Algorithm::Pbkdf2(pbkdf2) => {
                let for_sha256 = u64::from(match *target {
                    Scheme::WerkzeugPbkdf2 { rounds } => rounds,
                    Scheme::Argon2id(_) | Scheme::WerkzeugScrypt => LEAST_PBKDF2_ROUNDS,
                });
                let least = match pbkdf2.digest {
                    Digest::Md5 => return true,
                    Digest::Sha1 => for_sha256 * 13 / 6,
                    Digest::Sha384
                    | Digest::Sha512
                    | Digest::Sha512_224
                    | Digest::Sha512_256
                    | Digest::Sha3_224
                    | Digest::Sha3_256
                    | Digest::Sha3_384
                    | Digest::Sha3_512
                    | Digest::Blake2b => for_sha256 * 7 / 20,
                    Digest::Sha224 | Digest::Sha256 | Digest::Blake2s | Digest::Ripemd160 | Digest::Sm3 => for_sha256,
                };
                u64::from(pbkdf2.least_rounds()) < least
            }
            Algorithm::Scrypt(scrypt) => werkzeug_scrypt().is_ok_and(|least| scrypt.params().work() < least.work()),
            Algorithm::Argon2(argon2) => {
                let params = argon2.params();
                let passed = u64::from(params.memory_kib()) * u64::from(params.iterations());
                params.memory_kib() < 7 * 1024 || passed < 35 * 1024
            }
            Algorithm::Bcrypt(bcrypt) => bcrypt.cost < 10,
            Algorithm::ShaCrypt(sha_crypt) => {
                sha_crypt.rounds
                    < match sha_crypt.variant {
                        sha_crypt::Variant::Sha256 => 500_000,
                        sha_crypt::Variant::Sha512 => 200_000,
                    }
            }
        }
    }
}
