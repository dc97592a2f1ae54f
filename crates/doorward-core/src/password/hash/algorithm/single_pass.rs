use zeroize::Zeroizing;

use super::digest::Digest;
use super::equal;

/// A password stored as it is.
#[derive(Clone)]
pub(crate) struct Plain {
    pub(crate) password: Zeroizing<Vec<u8>>,
}

impl Plain {
    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        equal(&self.password, password)
    }
}

/// Where the salt goes in a digest that is computed once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Salting {
    Unsalted,
    /// The salt after the password: LDAP.
    After,
    /// The salt as HMAC's key (Werkzeug), or before the password (Django): their strings look
    /// alike.
    KeyOrBefore,
}

/// One pass of a digest over the password and a salt.
#[derive(Clone)]
pub(crate) struct SinglePass {
    pub(crate) digest: Digest,
    pub(crate) salting: Salting,
    pub(crate) salt: Vec<u8>,
    pub(crate) expected: Vec<u8>,
}

impl SinglePass {
    pub(crate) fn matches(&self, password: &[u8]) -> bool {
        let expected = |computed: &[u8]| equal(&self.expected, computed);
        match self.salting {
            Salting::Unsalted => expected(&self.digest.hash(&[password])),
            Salting::After => expected(&self.digest.hash(&[password, &self.salt])),
            Salting::KeyOrBefore => {
                let keyed = expected(&self.digest.hmac(&self.salt, password));
                // Not short-circuited: both are always computed.
                keyed | expected(&self.digest.hash(&[&self.salt, password]))
            }
        }
    }
}
