use serde_json::{Map, Value, json};

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

    /// Variables as they might be, for a look at the mail.
    pub fn sample(self, language: &str, public_url: &str) -> Map<String, Value> {
        let is_chinese = language.starts_with("zh");
        let link = format!("{public_url}/example#aJ3kQ9xW2mZ7pL5tR8vB4nC6");
        let when = if is_chinese { "2020-03-15 03:30 UTC" } else { "15 March 2020, 03:30 UTC" };
        let inviter = if is_chinese { "王小明" } else { "Alice" };
        let all = json!({
            "link": link, "code": "482915", "minutes": 30, "hours": 24, "days": 7, "inviter": inviter, "when": when,
            "address": "203.0.113.7", "device": "Firefox, Linux", "new_email": "new@example.com",
        });
        let Value::Object(mut all) = all else { return Map::new() };
        all.retain(|name, _| self.variables().contains(&name.as_str()));
        all
    }

    /// The names of its variables, beside `service`, `language` and `subject`, which each has.
    pub fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Confirm | Self::ConfirmNewEmail => &["link", "code", "minutes", "hours"],
            Self::RegisteredAgain => &["link"],
            Self::Invitation => &["link", "inviter", "days"],
            Self::ResetPassword => &["link", "minutes"],
            Self::PasswordChanged => &["when", "address"],
            Self::EmailChanged => &["link", "new_email", "days"],
            Self::NewDevice => &["when", "address", "device"],
            Self::DeletionRequested => &["when", "link"],
            Self::Deleted | Self::Test => &[],
        }
    }

    /// The template of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|template| template.name() == name)
    }
}
