/// Declares the kinds with their stable names.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident = $name:literal,)+) => {
        /// What can happen to an account. The name is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[$doc])+ $kind,)+
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The stable name, as it stands in the audit.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// Somebody registered.
    Registered = "user.registered",
    /// Somebody wanted to register with an address that an account has.
    RegisteredAgain = "user.registered_again",
    /// An administrator or operator made a user.
    UserCreated = "user.created",
    /// An operator imported users; the details say how many.
    UsersImported = "user.imported",
    /// A user signed in whom the old application let in, and is Doorward's from now on.
    TakenOver = "user.taken_over",
    /// Columns of the profile were changed; the details name them.
    ProfileChanged = "user.profile_changed",
    /// The account was disabled.
    Disabled = "user.disabled",
    /// The account was enabled.
    Enabled = "user.enabled",
    /// The user asked for the deletion of the account.
    DeletionRequested = "user.deletion_requested",
    /// The deletion was called off.
    DeletionCancelled = "user.deletion_cancelled",
    /// The account was deleted.
    Deleted = "user.deleted",
    /// All that is stored about the user was handed out.
    Exported = "user.exported",
    /// The address was confirmed.
    EmailConfirmed = "email.confirmed",
    /// A change of the address was asked for.
    EmailChangeRequested = "email.change_requested",
    /// The address was changed.
    EmailChanged = "email.changed",
    /// The change of the address was undone from the old one.
    EmailChangeUndone = "email.change_undone",
    /// The password was changed by its owner.
    PasswordChanged = "password.changed",
    /// The password was set by an operator.
    PasswordSet = "password.set",
    /// A reset of the password was asked for.
    PasswordResetRequested = "password.reset_requested",
    /// The password was reset by the mailed link.
    PasswordReset = "password.reset",
    /// The next sign-in must choose another password.
    PasswordChangeRequired = "password.change_required",
    /// A sign-in succeeded.
    LoggedIn = "login.succeeded",
    /// A sign-in failed.
    LoginFailed = "login.failed",
    /// Sign-ins from somewhere, or to an account, are made to wait.
    LoginThrottled = "login.throttled",
    /// A sign-in from a device that was not seen before.
    NewDevice = "login.new_device",
    /// The user signed out.
    LoggedOut = "logout",
    /// A session was ended.
    SessionEnded = "session.ended",
    /// All sessions of the user were ended.
    SessionsEnded = "session.all_ended",
    /// A refresh token came twice.
    RefreshTokenReused = "token.refresh_reused",
    /// A role was granted.
    RoleGranted = "role.granted",
    /// A role was taken away.
    RoleRevoked = "role.revoked",
    /// A role was made.
    RoleCreated = "role.created",
    /// A role's permissions or description changed.
    RoleChanged = "role.changed",
    /// A role was deleted.
    RoleDeleted = "role.deleted",
    /// An API key was made.
    ApiKeyCreated = "api_key.created",
    /// An API key was ended.
    ApiKeyRevoked = "api_key.revoked",
    /// Somebody was invited.
    Invited = "invitation.created",
    /// An invitation was taken back.
    InvitationRevoked = "invitation.revoked",
    /// The signing key was changed.
    SigningKeyRotated = "signing_key.rotated",
    /// A mail was given up.
    MailGivenUp = "mail.given_up",
    /// Old rows of the audit were deleted under a sealed checkpoint.
    AuditCheckpoint = "audit.checkpoint",
}
