use std::fmt;

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use serde_json::json;

use crate::identity::sha256;
use crate::token::{FlaskAlgorithm, base64url};

/// The private half of an Ed25519 key: signs access tokens.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: VerifyingKey,
}

/// The bytes are not an Ed25519 private key, or the cryptographic library refused to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 private key")]
pub struct InvalidKey;

impl SigningKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Result<Self, InvalidKey> {
        Self::from_pair(Ed25519KeyPair::generate().map_err(|_| InvalidKey)?)
    }

    /// The key with this seed, which RFC 8032 §5.1.5 calls the private key.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, InvalidKey> {
        Self::from_pair(Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| InvalidKey)?)
    }

    /// The key in a PKCS#8 document (RFC 5958 and RFC 8410, DER), with or without the public half.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, InvalidKey> {
        Self::from_pair(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| InvalidKey)?)
    }

    fn from_pair(pair: Ed25519KeyPair) -> Result<Self, InvalidKey> {
        let public = pair.public_key().as_ref().try_into().map_err(|_| InvalidKey)?;
        Ok(Self { pair, public: VerifyingKey::new(public) })
    }

    /// The seed. It is the secret itself.
    pub fn seed(&self) -> Result<[u8; 32], InvalidKey> {
        let seed = self.pair.seed().map_err(|_| InvalidKey)?;
        let bytes = seed.as_be_bytes().map_err(|_| InvalidKey)?;
        bytes.as_ref().try_into().map_err(|_| InvalidKey)
    }

    /// The key as a PKCS#8 document of version 1, which OpenSSL reads too. It is the secret itself.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, InvalidKey> {
        Ok(self.pair.to_pkcs8v1().map_err(|_| InvalidKey)?.as_ref().to_vec())
    }

    /// The public half.
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// The name of the key in tokens and in the key set.
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    pub(crate) fn sign(&self, message: &[u8]) -> signature::Signature {
        self.pair.sign(message)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

/// The public half of an Ed25519 key: verifies access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    /// How tokens name the key in their header.
    pub kid: String,
    /// The public key of RFC 8032 §5.1.5.
    pub public: [u8; 32],
}

impl VerifyingKey {
    /// The key with these bytes, named by its thumbprint (RFC 7638, RFC 8037 appendix A.3).
    pub fn new(public: [u8; 32]) -> Self {
        // Members in lexicographic order and no white space: RFC 7638 §3.
        let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url(&public));
        Self { kid: base64url(&sha256(jwk.as_bytes())), public }
    }
}

/// A JWK set (RFC 7517 §5) of the keys, each as RFC 8037 §2 writes it.
pub fn jwks(keys: &[VerifyingKey]) -> serde_json::Value {
    let keys: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "EdDSA",
                "kid": key.kid,
                "x": base64url(&key.public),
            })
        })
        .collect();
    json!({ "keys": keys })
}

/// Everything that may verify a token.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeySet {
    /// Keys for tokens of the `jwt` format, found by their `kid`.
    pub ed25519: Vec<VerifyingKey>,
    /// Secrets for tokens of the `flask` format, newest first. With none, such tokens are refused. An empty secret is passed
    /// over: anyone could sign with it.
    pub flask_secrets: Vec<Vec<u8>>,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<_> = self.ed25519.iter().map(|key| &key.kid).collect();
        f.debug_struct("KeySet").field("ed25519", &kids).field("flask_secrets", &self.flask_secrets.len()).finish()
    }
}

/// Numbers a key within one guard. A key that was taken out and put back gets a new number, so that what it verified before
/// does not come back to life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeySerial(u32);

impl KeySerial {
    /// Of what no key has verified: a stored credential.
    pub(crate) const NONE: Self = Self(0);
}

/// A key set made ready for use.
#[derive(Default)]
pub(crate) struct Keys {
    ed25519: Vec<Ed25519Key>,
    flask: Vec<FlaskKey>,
    last_serial: u32,
}

struct Ed25519Key {
    serial: KeySerial,
    named: VerifyingKey,
    parsed: ParsedPublicKey,
}

struct FlaskKey {
    serial: KeySerial,
    fingerprint: [u8; 32],
    hmac: hmac::Key,
}

impl Keys {
    /// The keys of `set`, where those that are in `self` already keep their serial.
    pub(crate) fn succeeded_by(&self, set: &KeySet, algorithm: FlaskAlgorithm) -> Self {
        let mut last_serial = self.last_serial;
        let mut next = || {
            last_serial += 1;
            KeySerial(last_serial)
        };
        let ed25519 = set
            .ed25519
            .iter()
            .filter_map(|key| {
                let parsed = ParsedPublicKey::new(&signature::ED25519, key.public).ok()?;
                let known = self.ed25519.iter().find(|known| known.named == *key);
                Some(Ed25519Key {
                    serial: known.map_or_else(&mut next, |known| known.serial),
                    named: key.clone(),
                    parsed,
                })
            })
            .collect();
        let flask = set
            .flask_secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .map(|secret| {
                let fingerprint = sha256(secret);
                let known = self.flask.iter().find(|known| known.fingerprint == fingerprint);
                FlaskKey {
                    serial: known.map_or_else(&mut next, |known| known.serial),
                    fingerprint,
                    hmac: hmac::Key::new(algorithm.hmac(), secret),
                }
            })
            .collect();
        Self { ed25519, flask, last_serial }
    }

    /// Whether what this key verified is still good.
    pub(crate) fn holds(&self, serial: KeySerial) -> bool {
        serial == KeySerial::NONE
            || self.ed25519.iter().any(|key| key.serial == serial)
            || self.flask.iter().any(|key| key.serial == serial)
    }

    /// The Ed25519 key of this name.
    pub(crate) fn named(&self, kid: &str) -> Option<(KeySerial, &ParsedPublicKey)> {
        self.ed25519.iter().find(|key| key.named.kid == kid).map(|key| (key.serial, &key.parsed))
    }

    pub(crate) fn accept_flask(&self) -> bool {
        !self.flask.is_empty()
    }

    /// The secret under which `tag` authenticates `message`.
    pub(crate) fn flask_signer(&self, message: &[u8], tag: &[u8]) -> Option<KeySerial> {
        self.flask.iter().find(|key| hmac::verify(&key.hmac, message, tag).is_ok()).map(|key| key.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.1: `d` and `x`.
    const SEED: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];

    #[test]
    fn rfc_8037_appendix_a3_thumbprint_names_the_key() {
        let key = SigningKey::from_seed(&SEED).unwrap();
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn rfc_8037_appendix_a4_signature() {
        let key = SigningKey::from_seed(&SEED).unwrap();
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        assert_eq!(
            base64url(key.sign(signed.as_bytes()).as_ref()),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn a_key_survives_its_two_written_forms() {
        let key = SigningKey::generate().unwrap();
        let from_seed = SigningKey::from_seed(&key.seed().unwrap()).unwrap();
        let from_pkcs8 = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(from_seed.public(), key.public());
        assert_eq!(from_pkcs8.public(), key.public());
        assert_eq!(SigningKey::from_pkcs8(b"not a key").map(|_| ()), Err(InvalidKey));
    }

    #[test]
    fn the_published_set_holds_public_members_only() {
        let key = SigningKey::from_seed(&SEED).unwrap();
        assert_eq!(
            jwks(std::slice::from_ref(key.public())),
            json!({"keys": [{
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            }]})
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::from_seed(&SEED).unwrap();
        let set = KeySet { ed25519: vec![key.public().clone()], flask_secrets: vec![b"hard to guess string".to_vec()] };
        let shown = format!("{key:?} {set:?}");
        assert!(!shown.contains("157, 97") && !shown.contains("9d61"), "{shown}");
        assert!(!shown.contains("hard to guess") && !shown.contains("104, 97"), "{shown}");
    }

    #[test]
    fn a_key_taken_out_and_put_back_is_a_new_one() {
        let set = KeySet { flask_secrets: vec![b"one".to_vec()], ..KeySet::default() };
        let first = Keys::default().succeeded_by(&set, FlaskAlgorithm::Hs512);
        let serial = first.flask[0].serial;
        let kept = first.succeeded_by(&set, FlaskAlgorithm::Hs512);
        assert!(kept.holds(serial));
        let without = kept.succeeded_by(&KeySet::default(), FlaskAlgorithm::Hs512);
        assert!(!without.holds(serial));
        let again = without.succeeded_by(&set, FlaskAlgorithm::Hs512);
        assert!(!again.holds(serial));
    }

    #[test]
    fn an_empty_secret_verifies_nothing() {
        let set = KeySet { flask_secrets: vec![Vec::new()], ..KeySet::default() };
        assert!(!Keys::default().succeeded_by(&set, FlaskAlgorithm::Hs512).accept_flask());
    }
}
