use thiserror::Error;

/// Why a request is not let in.
///
/// Two things are told about it, and they differ on purpose: [`error_name`](Self::error_name) is what a client may learn,
/// [`reason`](Self::reason) is for the log. Whoever forges tokens learns neither which check stopped them nor which keys exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[error("{}", self.reason())]
pub enum Denied {
    /// No credential came with the request.
    Missing,
    /// Several credentials came, and they differ.
    Ambiguous,
    /// Not the form of a token; says which rule was broken.
    Malformed(&'static str),
    /// The header's `alg` is not the one allowed for its format (RFC 8725 §3.1), or that format is not accepted here.
    WrongAlgorithm,
    /// A kind of credential that is not accepted here: an API key where nobody can look it up.
    NotAccepted,
    /// No key of this `kid`, or the key was withdrawn.
    UnknownKey,
    /// The signature is not by the named key, or by none of the secrets.
    BadSignature,
    /// `iss` is another issuer (RFC 9068 §4).
    WrongIssuer,
    /// `aud` does not name this audience (RFC 9068 §4).
    WrongAudience,
    /// `typ` is not that of an access token (RFC 8725 §3.11, RFC 9068 §4).
    WrongType,
    /// Well signed, but for nobody: no user id, or one that cannot be.
    NoSubject,
    /// Past its end.
    Expired,
    /// Issued further in the future than clocks may differ, or before its `nbf`.
    NotYetValid,
    /// Ended by a logout, a password change, or an administrator.
    Revoked,
    /// The user no longer exists or is disabled. The guard knows no users: whoever looks them up says so with this.
    UserUnknown,
    /// The feed of revocations was not heard of for longer than the configured time: nobody can be let in safely.
    Stale,
}

impl Denied {
    /// The stable name that a client gets to see as `error`.
    pub fn error_name(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Ambiguous => "token_ambiguous",
            Self::Malformed(_) => "token_malformed",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            // That a user is gone is told like any other end of a token.
            Self::Revoked | Self::UserUnknown => "token_revoked",
            Self::Stale => "guard_stale",
            Self::WrongAlgorithm
            | Self::NotAccepted
            | Self::UnknownKey
            | Self::BadSignature
            | Self::WrongIssuer
            | Self::WrongAudience
            | Self::WrongType
            | Self::NoSubject => "token_invalid",
        }
    }

    /// The HTTP status, as the Flask application has it: without a token 403, with a bad one 401. While the revocations are not
    /// known it is 503, and the same request may succeed a second later.
    pub fn status(self) -> u16 {
        match self {
            Self::Missing => 403,
            Self::Stale => 503,
            _ => 401,
        }
    }

    /// For a person who reads English.
    pub fn in_english(self) -> &'static str {
        self.words().0
    }

    /// For a person who reads Chinese.
    pub fn in_chinese(self) -> &'static str {
        self.words().1
    }

    /// What the Flask application says of it, for clients that do not say which language they want.
    pub fn in_flask(self) -> &'static str {
        match self {
            Self::Missing => "缺少参数token",
            Self::Stale => self.in_english(),
            _ => "验证失败, 无效的token",
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self.error_name() {
            "token_missing" => ("Sign in first: no token came with the request.", "请先登录:请求中没有token。"),
            "token_ambiguous" => ("Several different tokens came with the request.", "请求中有多个不同的token。"),
            "token_malformed" => ("This is not a token.", "token格式错误。"),
            "token_expired" => ("The token has expired. Sign in again.", "token已过期,请重新登录。"),
            "token_not_yet_valid" => ("The token is not valid yet. Check the clock.", "token尚未生效,请检查时钟。"),
            "token_revoked" => ("The token has been ended. Sign in again.", "token已失效,请重新登录。"),
            "guard_stale" => ("Sign-ins can't be checked now. Try again soon.", "暂时无法验证登录,请稍后再试。"),
            _ => ("The token is not valid.", "无效的token。"),
        }
    }

    /// The exact reason, for the log. Never holds anything that came with the request.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Missing => "no token header, bearer token or session cookie",
            Self::Ambiguous => "several credentials that differ",
            Self::Malformed(rule) => rule,
            Self::WrongAlgorithm => "the algorithm in the token's header is not the one accepted",
            Self::NotAccepted => "no credential of this kind is accepted here",
            Self::UnknownKey => "no key of that kid",
            Self::BadSignature => "the signature does not verify",
            Self::WrongIssuer => "iss is another issuer",
            Self::WrongAudience => "aud does not name this audience",
            Self::WrongType => "typ is not at+jwt",
            Self::NoSubject => "no valid user id in the token",
            Self::Expired => "expired",
            Self::NotYetValid => "issued in the future",
            Self::Revoked => "revoked",
            Self::UserUnknown => "the user does not exist or is disabled",
            Self::Stale => "the revocation feed is stale",
        }
    }
}
