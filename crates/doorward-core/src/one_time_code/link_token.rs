use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{Doorward, random_bytes};

/// The token of a mailed link: 256 bits behind a prefix that says what for, so that it stands for nothing
/// else and can be found where it leaked. Only its hash is stored.
pub(crate) struct LinkToken(Zeroizing<String>);

impl LinkToken {
    /// What the tokens of one-time codes begin with.
    pub(crate) const ONE_TIME: &str = "dwo_";
    /// What the codes of invitations begin with.
    pub(crate) const INVITATION: &str = "dwi_";

    pub(crate) fn random(doorward: &Doorward, prefix: &'static str) -> Self {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(random_bytes(doorward.randomness()));
        Self(Zeroizing::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice()))))
    }

    /// Reads what a client sent.
    pub(crate) fn parse(prefix: &'static str, text: &str) -> Option<Self> {
        let body = text.strip_prefix(prefix)?;
        (body.len() == 43 && URL_SAFE_NO_PAD.decode(body).is_ok()).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }

    pub(crate) fn into_string(self) -> String {
        self.0.to_string()
    }
}
