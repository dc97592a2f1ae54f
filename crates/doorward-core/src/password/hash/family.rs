use std::fmt;

use super::{HashError, StoredHash};

/// Who wrote a stored hash, by which scheme: for counts and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// Werkzeug's `pbkdf2:…`.
    WerkzeugPbkdf2,
    /// Werkzeug's `scrypt:…`.
    WerkzeugScrypt,
    /// Werkzeug's `plain$…`.
    Plain,
    /// `<digest>$<salt>$<hex>`: Werkzeug's HMAC or Django's salt before the password.
    SaltedDigest,
    /// A digest of the bare password.
    UnsaltedDigest,
    /// Django's `pbkdf2_…`.
    DjangoPbkdf2,
    /// Django's `argon2$…`.
    DjangoArgon2,
    /// Django's `bcrypt$…`.
    DjangoBcrypt,
    /// Django's `bcrypt_sha256$…`.
    DjangoBcryptSha256,
    /// Django's `scrypt$…`.
    DjangoScrypt,
    /// `$2a$` and its siblings.
    Bcrypt,
    /// passlib's `$bcrypt-sha256$`.
    PasslibBcryptSha256,
    /// `$pbkdf2…$` of passlib, or a PHC string.
    PasslibPbkdf2,
    /// `$argon2id$`.
    Argon2id,
    /// `$argon2i$`.
    Argon2i,
    /// `$argon2d$`.
    Argon2d,
    /// `$scrypt$`.
    Scrypt,
    /// `$1$` or `$apr1$`.
    Md5Crypt,
    /// `$5$`.
    Sha256Crypt,
    /// `$6$`.
    Sha512Crypt,
    /// `{SHA}` and other LDAP digests, salted or not.
    LdapDigest,
    /// `{PBKDF2…}`.
    LdapPbkdf2,
    /// Empty, or begins with `!` or `*`.
    Unusable,
    /// Of a known scheme, but damaged.
    Damaged,
    /// Of no known scheme.
    Unknown,
}

impl Family {
    /// The family of a stored string, also of one that can't be read.
    pub fn of(encoded: &str) -> Self {
        match StoredHash::parse(encoded) {
            Ok(stored) => stored.family(),
            Err(HashError::Unusable) => Self::Unusable,
            Err(HashError::UnknownScheme) => Self::Unknown,
            Err(_) => Self::Damaged,
        }
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::WerkzeugPbkdf2 => "werkzeug-pbkdf2",
            Self::WerkzeugScrypt => "werkzeug-scrypt",
            Self::Plain => "plain",
            Self::SaltedDigest => "salted-digest",
            Self::UnsaltedDigest => "unsalted-digest",
            Self::DjangoPbkdf2 => "django-pbkdf2",
            Self::DjangoArgon2 => "django-argon2",
            Self::DjangoBcrypt => "django-bcrypt",
            Self::DjangoBcryptSha256 => "django-bcrypt-sha256",
            Self::DjangoScrypt => "django-scrypt",
            Self::Bcrypt => "bcrypt",
            Self::PasslibBcryptSha256 => "passlib-bcrypt-sha256",
            Self::PasslibPbkdf2 => "passlib-pbkdf2",
            Self::Argon2id => "argon2id",
            Self::Argon2i => "argon2i",
            Self::Argon2d => "argon2d",
            Self::Scrypt => "scrypt",
            Self::Md5Crypt => "md5-crypt",
            Self::Sha256Crypt => "sha256-crypt",
            Self::Sha512Crypt => "sha512-crypt",
            Self::LdapDigest => "ldap-digest",
            Self::LdapPbkdf2 => "ldap-pbkdf2",
            Self::Unusable => "unusable",
            Self::Damaged => "damaged",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
