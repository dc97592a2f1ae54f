/// The mails that Doorward sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Template {
    /// Confirms the address of a new account: `link`, `code`, `minutes`, `hours`.
    Confirm,
    /// To the owner of an account whose address somebody registered again: `link` to reset.
    RegisteredAgain,
    /// An invitation: `link`, `inviter`, `days`.
    Invitation,
    /// The link to choose another password: `link`, `minutes`.
    ResetPassword,
    /// Tells that the password was changed: `when`, `address`.
    PasswordChanged,
    /// Confirms a new address: `link`, `code`, `minutes`, `hours`.
    ConfirmNewEmail,
    /// Tells the old address of the change: `link` to undo, `new_email`, `days`.
    EmailChanged,
    /// A sign-in from a device that was not seen before: `when`, `address`, `device`.
    NewDevice,
    /// The account will be deleted: `when`, `link` to call it off.
    DeletionRequested,
    /// The account was deleted.
    Deleted,
    /// A mail to see whether mail works.
    Test,
}

impl Template {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Confirm,
        Self::RegisteredAgain,
        Self::Invitation,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::ConfirmNewEmail,
        Self::EmailChanged,
        Self::NewDevice,
        Self::DeletionRequested,
        Self::Deleted,
        Self::Test,
    ];

    /// The name: of its files, and in the outbox.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::RegisteredAgain => "registered_again",
            Self::Invitation => "invitation",
            Self::ResetPassword => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::ConfirmNewEmail => "confirm_new_email",
            Self::EmailChanged => "email_changed",
            Self::NewDevice => "new_device",
            Self::DeletionRequested => "deletion_requested",
            Self::Deleted => "deleted",
            Self::Test => "test",
        }
    }

    /// The template of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|template| template.name() == name)
    }
}
