use super::Lifetimes;

/// What a code is for. It is good for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Confirms the address of a new account.
    ConfirmEmail,
    /// Chooses another password.
    ResetPassword,
    /// Confirms a new address of an account.
    ChangeEmail,
    /// Undoes a change of the address, from the old one.
    UndoEmail,
    /// Calls the deletion of the account off.
    CancelDeletion,
}

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

impl Purpose {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::ConfirmEmail, Self::ResetPassword, Self::ChangeEmail, Self::UndoEmail, Self::CancelDeletion];

    /// The word that stands in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::ConfirmEmail => "confirm_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
            Self::CancelDeletion => "cancel_deletion",
        }
    }

    /// How long its codes are good: ten minutes where typed, a day where a link, half an hour where the
    /// link chooses a password, a week where it undoes.
    pub fn lifetimes(self) -> Lifetimes {
        let typed_seconds = Some(10 * MINUTE);
        match self {
            Self::ConfirmEmail | Self::ChangeEmail => Lifetimes { link_seconds: DAY, typed_seconds },
            Self::ResetPassword => Lifetimes { link_seconds: 30 * MINUTE, typed_seconds: None },
            Self::UndoEmail | Self::CancelDeletion => Lifetimes { link_seconds: 7 * DAY, typed_seconds: None },
        }
    }
}
