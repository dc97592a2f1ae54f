use crate::{
    database::UserId,
    session::Client,
    throttle::{DeviceToken, RateTold},
};

/// Who makes Doorward do something, and from where: what the audit says of it. It travels with the
/// handle: [`Doorward::on_behalf_of`](crate::Doorward::on_behalf_of).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// The address, behind trusted proxies the one they tell, and the program.
    pub client: Client,
    /// The id of the request, as answer and log carry it.
    pub request_id: Option<String>,
    /// What the device shows, where it has signed in before.
    pub device: Option<DeviceToken>,
    /// The solution of a challenge that came along.
    pub challenge: Option<String>,
    /// Where is left what the answer tells of tries that are left.
    pub rate: RateTold,
}

/// Who acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Actor {
    /// Doorward itself: what happens at its time.
    #[default]
    System,
    /// An operator with the command line.
    CommandLine,
    /// Somebody who isn't signed in.
    Anonymous,
    /// A signed-in user.
    User(UserId),
    /// A user, or a service, by an API key.
    ApiKey(UserId),
}

impl Actor {
    /// The word that stands in the audit.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::CommandLine => "command_line",
            Self::Anonymous => "anonymous",
            Self::User(_) => "user",
            Self::ApiKey(_) => "api_key",
        }
    }

    /// Whose account acts, where it is one.
    pub fn user_id(self) -> Option<UserId> {
        match self {
            Self::User(id) | Self::ApiKey(id) => Some(id),
            Self::System | Self::CommandLine | Self::Anonymous => None,
        }
    }
}
