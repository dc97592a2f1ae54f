//! `/.well-known/jwks.json` (RFC 7517) as far as a guard needs it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::asking::NoAnswer;
use crate::VerifyingKey;

#[derive(Deserialize)]
struct Wire {
    keys: Vec<WireKey>,
}

#[derive(Deserialize)]
struct WireKey {
    kty: String,
    crv: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    x: Option<String>,
}

const MOST_KEYS: usize = 64;
const LONGEST_KID: usize = 256;

/// The Ed25519 keys for signatures; keys of other kinds are passed over (RFC 7517 §5).
pub(super) fn read(body: &[u8]) -> Result<Vec<VerifyingKey>, NoAnswer> {
    let wire: Wire = serde_json::from_slice(body).map_err(|_| NoAnswer::Malformed("not a JWK set"))?;
    if wire.keys.len() > MOST_KEYS {
        return Err(NoAnswer::Malformed("more than 64 keys"));
    }
    let any = !wire.keys.is_empty();
    let mut keys: Vec<VerifyingKey> = Vec::new();
    for key in wire.keys {
        if key.kty != "OKP" || key.crv.as_deref() != Some("Ed25519") || key.purpose.is_some_and(|it| it != "sig") {
            continue;
        }
        let kid = key.kid.filter(|kid| !kid.is_empty() && kid.len() <= LONGEST_KID);
        let kid = kid.ok_or(NoAnswer::Malformed("an Ed25519 key without kid"))?;
        let public = key.x.and_then(|x| URL_SAFE_NO_PAD.decode(x).ok()).and_then(|x| x.try_into().ok());
        let public = public.ok_or(NoAnswer::Malformed("an Ed25519 key whose x is not 32 bytes"))?;
        if keys.iter().any(|known| known.kid == kid) {
            return Err(NoAnswer::Malformed("two keys of one kid"));
        }
        keys.push(VerifyingKey { kid, public });
    }
    // A set without any key is that of an issuer without JWTs; a set of other keys only is another issuer's.
    if any && keys.is_empty() {
        return Err(NoAnswer::Malformed("no Ed25519 key among the keys"));
    }
    Ok(keys)
}
