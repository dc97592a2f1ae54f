//! Settings whose value is one of a few words.

use super::declare::Rules;
use super::value::{Given, Refused, Value};

/// Makes an enum whose variants are the words a setting takes.
macro_rules! words {
    ($(
        $(#[$about:meta])*
        $name:ident {
            $( $(#[$doc:meta])* $variant:ident = $word:literal, )*
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $( $(#[$doc])* $variant, )*
        }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word that stands for it in the configuration.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The value of a word, exactly as the configuration writes it.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl Value for $name {
            fn read(given: &Given, _: &Rules) -> Result<Self, Refused> {
                let word = given.text()?;
                Self::from_word(word).ok_or_else(|| {
                    let words = Self::ALL.iter().map(|value| value.as_str());
                    Refused::nearest(word, words)
                })
            }

            fn give(&self) -> Given {
                Given::string(self.as_str())
            }

            fn allowed(_: &Rules) -> String {
                let words: Vec<_> = Self::ALL.iter().map(|value| format!("`{value}`")).collect();
                match words.split_last() {
                    Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                    _ => words.concat(),
                }
            }
        }
    )*};
}

words! {
    /// What Doorward runs for: it chooses defaults and says how strict the checks are.
    Profile {
        /// On one's own machine: what would be insecure in the open is allowed.
        Development = "development",
        /// In the open: insecure settings stop the start, each by its name.
        Production = "production",
        /// Under tests: nothing waits for its own sake.
        Testing = "testing",
    }

    /// The HTTP status of an answer.
    HttpStatus {
        /// The envelope's `code`.
        Honest = "honest",
        /// 200 whatever the `code` says, as some clients of the Flask system expect.
        Always200 = "always-200",
    }

    /// The format of the access tokens that are issued.
    TokenFormat {
        /// A JWT under `EdDSA`, verifiable with the published keys (RFC 7519, RFC 8037).
        Jwt = "jwt",
        /// As itsdangerous makes them for a Flask application under a shared secret key.
        Flask = "flask",
    }

    /// The MAC of `flask` tokens (RFC 7518 §3.2).
    FlaskAlgorithm {
        /// HMAC with SHA-512.
        Hs512 = "HS512",
        /// HMAC with SHA-384.
        Hs384 = "HS384",
        /// HMAC with SHA-256.
        Hs256 = "HS256",
    }

    /// The digest under which the Flask application signs its session.
    FlaskDigest {
        /// SHA-1, as Flask does.
        Sha1 = "sha1",
        /// SHA-256.
        Sha256 = "sha256",
        /// SHA-512.
        Sha512 = "sha512",
    }

    /// What happens to a session that turns up with another browser or network.
    Protection {
        /// It ends.
        Strong = "strong",
        /// It becomes stale: what needs a fresh login asks for one.
        Basic = "basic",
        /// Nothing.
        Off = "off",
    }

    /// Whether a mail server must speak TLS.
    SmtpTls {
        /// Unless it is on this machine.
        Auto = "auto",
        /// Always.
        Required = "required",
        /// Never.
        Off = "off",
    }

    /// The scheme in which passwords are written.
    WriteScheme {
        /// Argon2id on a database that Doorward made, `werkzeug-pbkdf2` on an adopted one.
        Auto = "auto",
        /// Argon2id (RFC 9106).
        Argon2id = "argon2id",
        /// PBKDF2 with SHA-256 as Werkzeug writes it; every Werkzeug reads it.
        WerkzeugPbkdf2 = "werkzeug-pbkdf2",
        /// scrypt as Werkzeug writes it; Werkzeug 2.3 and newer read it.
        WerkzeugScrypt = "werkzeug-scrypt",
    }

    /// Who can register.
    RegistrationMode {
        /// Anybody.
        Open = "open",
        /// Whoever was invited.
        Invite = "invite",
        /// Whoever has an address of an allowed domain, or was invited.
        Domain = "domain",
        /// Nobody.
        Closed = "closed",
    }

    /// Whether a registration gives something.
    Asked {
        /// It must.
        Required = "required",
        /// It may.
        Optional = "optional",
        /// It can't.
        Never = "never",
    }

    /// The form of the log.
    LogFormat {
        /// `pretty` on a terminal, `json` elsewhere.
        Auto = "auto",
        /// Lines for people.
        Pretty = "pretty",
        /// One JSON object a line.
        Json = "json",
    }
}
