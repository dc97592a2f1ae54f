use std::borrow::Cow;

use doorward_guard::Denied;

use crate::{database::DatabaseFailure, forward_auth::Unforwarded, password::Advice};

/// Everything that can go wrong, each with its envelope code and stable name.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such user, or another password, or the account can't sign in: one answer for all.
    #[error("no user has this name and password")]
    InvalidCredentials,
    /// The password was right, and the account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The password was right, and the address must be confirmed first.
    #[error("the address is not confirmed")]
    EmailNotConfirmed,
    /// The caller's token or session was refused.
    #[error("denied: {0}")]
    Denied(#[from] Denied),
    /// The caller is known but lacks a role.
    #[error("the role {role} is needed")]
    RoleRequired {
        /// The role.
        role: String,
    },
    /// A browser sent the request for another site.
    #[error("a browser sent this for another site: {0}")]
    CrossSite(&'static str),
    /// The refresh token is none, or none of ours.
    #[error("no such refresh token")]
    RefreshTokenInvalid,
    /// The refresh token's time is over.
    #[error("the refresh token has expired")]
    RefreshTokenExpired,
    /// The refresh token was used before: its session has been ended.
    #[error("the refresh token was used before")]
    RefreshTokenReused,
    /// The session was ended or has expired.
    #[error("the session has ended")]
    SessionEnded,
    /// One or more fields hold what they may not.
    #[error("{} field(s) can't be taken", .0.len())]
    Invalid(Vec<FieldError>),
    /// The request's body is no JSON, or not the JSON of this endpoint.
    #[error("malformed request: {0}")]
    MalformedRequest(Cow<'static, str>),
    /// The body's content type is another than `application/json`.
    #[error("the content type is not application/json")]
    UnsupportedMediaType,
    /// The body is larger than `http.body_limit_bytes`.
    #[error("the request is too large")]
    TooLarge,
    /// No endpoint has this path.
    #[error("no such path")]
    PathNotFound,
    /// The request is for another host than that of `public_url` (RFC 9110 §15.5.20).
    #[error("the request is for another host")]
    Misdirected,
    /// The path is known, this method isn't.
    #[error("this path has no such method")]
    MethodNotAllowed,
    /// The request took longer than `http.request_timeout_ms`.
    #[error("the request took too long")]
    RequestTimeout,
    /// There is no such user, or none that the caller may know of.
    #[error("no such user")]
    UserNotFound,
    /// There is no such session, or none that the caller may know of.
    #[error("no such session")]
    SessionNotFound,
    /// There is no such role.
    #[error("no such role")]
    RoleNotFound,
    /// There is no such signing key.
    #[error("no such signing key")]
    KeyNotFound,
    /// Another user has the name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// Another user has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Nobody would be left to administer.
    #[error("the last administrator must stay")]
    LastAdministrator,
    /// Nobody can register here by themselves.
    #[error("nobody can register here by themselves")]
    RegistrationClosed,
    /// The invitation is none, or used, or over.
    #[error("the invitation is none, or used, or over")]
    InvitationInvalid,
    /// There is no such invitation.
    #[error("there is no such invitation")]
    InvitationNotFound,
    /// The one-time code is none, or used, or over.
    #[error("the one-time code is none, or used, or over")]
    CodeInvalid,
    /// The sign-in is too long ago for this.
    #[error("the sign-in is too long ago for this")]
    FreshLoginRequired,
    /// The password was right, and another must be chosen first.
    #[error("the password was right, and another must be chosen first")]
    PasswordChangeRequired,
    /// What was to be changed has been changed by somebody else (RFC 9110 §13.1.1).
    #[error("what was to be changed has been changed by somebody else")]
    PreconditionFailed,
    /// A change needs `If-Match` (RFC 6585 §3).
    #[error("a change needs `If-Match`")]
    PreconditionRequired,
    /// A challenge must be solved first.
    #[error("a challenge must be solved first")]
    ChallengeRequired,
    /// There is no such API key.
    #[error("there is no such API key")]
    ApiKeyNotFound,
    /// An API key can not do this.
    #[error("an API key can not do this")]
    ApiKeyNotAllowed,
    /// The user has as many API keys as may be.
    #[error("the user has as many API keys as may be")]
    ApiKeyLimit,
    /// The API key does not reach so far.
    #[error("the scope {scope} is needed")]
    ScopeRequired {
        /// The scope.
        scope: String,
    },
    /// Who calls is not a service, or shows nothing that proves it.
    #[error("the credentials of a service are needed")]
    ServiceRequired,
    /// There is a role of this name.
    #[error("there is a role of this name")]
    RoleTaken,
    /// Users have the role.
    #[error("users have the role")]
    RoleInUse,
    /// The role is Doorward's own, and must stay.
    #[error("the role is Doorward's own, and must stay")]
    RoleProtected,
    /// There is no such mail, or it was sent.
    #[error("there is no such mail, or it was sent")]
    MailNotFound,
    /// The caller is known but lacks a permission.
    #[error("the permission {permission} is needed")]
    PermissionRequired {
        /// The permission.
        permission: String,
    },
    /// Too many tries, of this account or from this address.
    #[error("too many tries")]
    TooManyTries {
        /// Seconds after which to try again.
        retry_after: u32,
    },
    /// The embedding application refused it, for its own reason.
    #[error("the application refused: {reason}")]
    Vetoed {
        /// What the application says to the client.
        reason: String,
    },
    /// A proxy's question is answered with no, whoever is asking.
    #[error("{0}")]
    Unforwarded(#[from] Unforwarded),
    /// Too many passwords wait to be hashed.
    #[error("the password queue is full")]
    Busy {
        /// Seconds after which to try again.
        retry_after: u32,
    },
    /// The database can't be reached or can't write.
    #[error("the database is unavailable: {0}")]
    Unavailable(DatabaseFailure),
    /// What an operator must mend before Doorward can start or do this.
    #[error("{what}; {way_out}")]
    Startup {
        /// What is wrong, and where.
        what: String,
        /// What to do about it.
        way_out: String,
    },
    /// A fault of Doorward's own.
    #[error("internal error: {0}")]
    Internal(String),
}

/// One field of a request that can't be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name as the request has it; dots go into objects.
    pub field: Cow<'static, str>,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldProblem {
    /// It is missing, and must be there.
    Required,
    /// It is null or of another JSON type.
    WrongType {
        /// The type that it must have.
        expected: &'static str,
    },
    /// No such field, or one that a client may not set.
    Unknown,
    /// The same member stands twice.
    Duplicate,
    /// It is empty.
    Empty,
    /// It is longer than allowed.
    TooLong {
        /// The most that is allowed.
        most: usize,
        /// Of what.
        unit: &'static str,
    },
    /// It is shorter than allowed.
    TooShort {
        /// The least that is allowed.
        least: usize,
        /// Of what.
        unit: &'static str,
    },
    /// It holds a character that can't be stored or shown.
    InvalidCharacters,
    /// It is no e-mail address.
    NotAnAddress,
    /// It is among the passwords that are tried first.
    TooCommon,
    /// It stands in a known breach.
    Breached,
    /// It holds the name of the service or the user, or is guessed easily otherwise.
    Guessable(Advice),
    /// The name is reserved.
    Reserved,
    /// Addresses of this domain can not register.
    DomainNotAllowed,
    /// The value is none of those that are allowed.
    NotAllowed,
    /// The number is smaller or larger than allowed.
    OutOfRange,
}

impl FieldProblem {
    /// The stable name, as it stands in `errors[].error`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::WrongType { .. } => "wrong_type",
            Self::Unknown => "unknown_field",
            Self::Duplicate => "duplicate_field",
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::TooShort { .. } => "too_short",
            Self::InvalidCharacters => "invalid_characters",
            Self::NotAnAddress => "not_an_address",
            Self::TooCommon => "too_common",
            Self::Breached => "breached",
            Self::Guessable(_) => "guessable",
            Self::Reserved => "reserved",
            Self::DomainNotAllowed => "domain_not_allowed",
            Self::NotAllowed => "not_allowed",
            Self::OutOfRange => "out_of_range",
        }
    }
}

impl Error {
    /// One bad field.
    pub fn field(field: impl Into<Cow<'static, str>>, problem: FieldProblem) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), problem }])
    }

    /// What is wrong, where, and what to do about it.
    pub fn startup(what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self::Startup { what: what.into(), way_out: way_out.into() }
    }

    /// The envelope's code, which is the HTTP status too where `http_status` is `honest`.
    pub fn code(&self) -> u16 {
        match self {
            Self::Invalid(_) | Self::MalformedRequest(_) | Self::UnsupportedMediaType => 400,
            Self::InvalidCredentials
            | Self::RefreshTokenInvalid
            | Self::RefreshTokenExpired
            | Self::RefreshTokenReused
            | Self::SessionEnded => 401,
            Self::Denied(denied) => denied.status(),
            Self::AccountDisabled | Self::EmailNotConfirmed | Self::RoleRequired { .. } | Self::CrossSite(_) => 403,
            Self::Busy { .. } | Self::Unavailable(_) => 503,
            Self::ServiceRequired => 401,
            Self::PathNotFound
            | Self::UserNotFound
            | Self::SessionNotFound
            | Self::RoleNotFound
            | Self::MailNotFound
            | Self::KeyNotFound => 404,
            Self::RegistrationClosed => 403,
            Self::InvitationInvalid => 403,
            Self::InvitationNotFound => 404,
            Self::CodeInvalid => 400,
            Self::FreshLoginRequired => 403,
            Self::PasswordChangeRequired => 403,
            Self::PreconditionFailed => 412,
            Self::PreconditionRequired => 428,
            Self::ChallengeRequired => 403,
            Self::ApiKeyNotFound => 404,
            Self::ApiKeyNotAllowed | Self::ScopeRequired { .. } => 403,
            Self::ApiKeyLimit => 409,
            Self::RoleTaken => 409,
            Self::RoleInUse => 409,
            Self::RoleProtected => 409,
            Self::PermissionRequired { .. } | Self::Vetoed { .. } => 403,
            // Proxies know 401 and 403, and take anything else for a fault.
            Self::Unforwarded(_) => 403,
            Self::TooManyTries { .. } => 429,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::UsernameTaken | Self::EmailTaken | Self::LastAdministrator => 409,
            Self::TooLarge => 413,
            Self::Misdirected => 421,
            Self::Startup { .. } | Self::Internal(_) => 500,
        }
    }

    /// The stable name, as it stands in the envelope's `error`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid_credentials",
            Self::AccountDisabled => "account_disabled",
            Self::EmailNotConfirmed => "email_not_confirmed",
            Self::Denied(denied) => denied.error_name(),
            Self::RoleRequired { .. } => "role_required",
            Self::CrossSite(_) => "cross_site_request",
            Self::RefreshTokenInvalid => "refresh_token_invalid",
            Self::RefreshTokenExpired => "refresh_token_expired",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::SessionEnded => "session_ended",
            Self::Invalid(_) => "invalid_fields",
            Self::MalformedRequest(_) => "malformed_request",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::TooLarge => "request_too_large",
            Self::PathNotFound => "not_found",
            Self::Misdirected => "misdirected_request",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::UserNotFound => "user_not_found",
            Self::SessionNotFound => "session_not_found",
            Self::RoleNotFound => "role_not_found",
            Self::KeyNotFound => "key_not_found",
            Self::UsernameTaken => "username_taken",
            Self::EmailTaken => "email_taken",
            Self::LastAdministrator => "last_administrator",
            Self::RegistrationClosed => "registration_closed",
            Self::InvitationInvalid => "invitation_invalid",
            Self::InvitationNotFound => "invitation_not_found",
            Self::CodeInvalid => "code_invalid",
            Self::FreshLoginRequired => "fresh_login_required",
            Self::PasswordChangeRequired => "password_change_required",
            Self::PreconditionFailed => "precondition_failed",
            Self::PreconditionRequired => "precondition_required",
            Self::ChallengeRequired => "challenge_required",
            Self::ApiKeyNotFound => "api_key_not_found",
            Self::ApiKeyNotAllowed => "api_key_not_allowed",
            Self::ApiKeyLimit => "api_key_limit",
            Self::ScopeRequired { .. } => "scope_required",
            Self::ServiceRequired => "service_required",
            Self::RoleTaken => "role_taken",
            Self::RoleInUse => "role_in_use",
            Self::RoleProtected => "role_protected",
            Self::MailNotFound => "mail_not_found",
            Self::PermissionRequired { .. } => "permission_required",
            Self::TooManyTries { .. } => "too_many_tries",
            Self::Vetoed { .. } => "vetoed",
            Self::Unforwarded(refusal) => refusal.name(),
            Self::Busy { .. } => "busy",
            Self::Unavailable(_) => "unavailable",
            Self::Startup { .. } | Self::Internal(_) => "internal_error",
        }
    }

    /// Seconds after which the same request may succeed.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Busy { retry_after } | Self::TooManyTries { retry_after } => Some(*retry_after),
            Self::Unavailable(_) | Self::Denied(Denied::Stale) => Some(1),
            _ => None,
        }
    }
}

impl From<DatabaseFailure> for Error {
    fn from(failure: DatabaseFailure) -> Self {
        if failure.is_unavailable() { Self::Unavailable(failure) } else { Self::Internal(failure.to_string()) }
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        DatabaseFailure::from(error).into()
    }
}
