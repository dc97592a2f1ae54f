use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::digest::Digest;

/// Flask-Security's first hash, of which the stored one is made: HMAC-SHA512 of the password under
/// `SECURITY_PASSWORD_SALT`, in base64.
pub(crate) fn double_hash(pepper: &[u8], password: &[u8]) -> Zeroizing<String> {
    let mac = Zeroizing::new(Digest::Sha512.hmac(pepper, password));
    Zeroizing::new(STANDARD.encode(mac.as_slice()))
}
