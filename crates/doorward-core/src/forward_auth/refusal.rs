use super::Ambiguity;

/// Why a proxy's question is answered with no before anybody looked who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unforwarded {
    /// No rule is for this request.
    #[error("no rule of forward_auth.rules is for this host, path and method")]
    NoRule,
    /// The path can be read in more than one way.
    #[error("the path is ambiguous: {0}")]
    PathAmbiguous(Ambiguity),
    /// What was originally asked for can't be told from the headers.
    #[error("the original request is unclear: {0}")]
    OriginalUnclear(&'static str),
    /// Whoever asks is no trusted proxy.
    #[error("the question comes from no address of http.trusted_proxies")]
    ProxyNotTrusted,
    /// A header that only Doorward may set came with the request.
    #[error("an X-Doorward- header came from outside")]
    IdentityFromOutside,
}

impl Unforwarded {
    /// The stable name, as it stands in the envelope's `error`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoRule => "no_rule",
            Self::PathAmbiguous(_) => "path_ambiguous",
            Self::OriginalUnclear(_) => "original_request_unclear",
            Self::ProxyNotTrusted => "proxy_not_trusted",
            Self::IdentityFromOutside => "identity_header_from_outside",
        }
    }
}

impl From<Ambiguity> for Unforwarded {
    fn from(ambiguity: Ambiguity) -> Self {
        Self::PathAmbiguous(ambiguity)
    }
}
