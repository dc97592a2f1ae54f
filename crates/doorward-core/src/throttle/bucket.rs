use std::net::IpAddr;

use crate::Doorward;

/// The length of a tag, in bytes.
const TAG: usize = 16;

/// What is tried or asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Signing in.
    Login,
    /// A one-time code that is typed.
    Code,
    /// The present password, asked for again.
    Password,
    /// Registration.
    Register,
    /// Confirming an address, or another mail for it.
    Confirm,
    /// A forgotten password.
    Forgot,
    /// Another address.
    EmailChange,
}

impl Purpose {
    pub(super) const ALL: [Self; 7] =
        [Self::Login, Self::Code, Self::Password, Self::Register, Self::Confirm, Self::Forgot, Self::EmailChange];

    /// The name, as headers, metrics and reports show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Code => "code",
            Self::Password => "password",
            Self::Register => "register",
            Self::Confirm => "confirm",
            Self::Forgot => "forgot",
            Self::EmailChange => "email-change",
        }
    }

    fn number(self) -> u8 {
        self as u8 + 1
    }
}

/// For whom and from where is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// One account from one network.
    AccountFromNetwork,
    /// One account from everywhere.
    Account,
    /// One network, whatever the account.
    Network,
    /// One account from a device that has signed in before.
    Device,
}

impl Scope {
    pub(super) const ALL: [Self; 4] = [Self::AccountFromNetwork, Self::Account, Self::Network, Self::Device];

    /// The name, as metrics and reports show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountFromNetwork => "account_from_network",
            Self::Account => "account",
            Self::Network => "network",
            Self::Device => "device",
        }
    }

    fn number(self) -> u8 {
        self as u8 + 1
    }
}

/// The key of one count: scope, purpose, the account's tag, the tag of where it comes from. Tags are
/// MACs, and the table tells nobody who was guessed at or from where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket(pub(super) Vec<u8>);

type Tag = [u8; TAG];
const NONE: Tag = [0; TAG];

impl Bucket {
    fn new(scope: Scope, purpose: Purpose, account: Tag, place: Tag) -> Self {
        Self([&[scope.number(), purpose.number()][..], &account, &place].concat())
    }

    pub(super) fn pair(doorward: &Doorward, purpose: Purpose, account: &str, network: Option<IpAddr>) -> Self {
        let place = network.map_or(NONE, |network| network_tag(doorward, network));
        Self::new(Scope::AccountFromNetwork, purpose, account_tag(doorward, account), place)
    }

    pub(super) fn account(doorward: &Doorward, purpose: Purpose, account: &str) -> Self {
        Self::new(Scope::Account, purpose, account_tag(doorward, account), NONE)
    }

    pub(super) fn network(doorward: &Doorward, purpose: Purpose, network: IpAddr) -> Self {
        Self::new(Scope::Network, purpose, NONE, network_tag(doorward, network))
    }

    pub(super) fn device(doorward: &Doorward, purpose: Purpose, account: &str, token_hash: &[u8]) -> Self {
        let place = tag(doorward, "throttle device", token_hash);
        Self::new(Scope::Device, purpose, account_tag(doorward, account), place)
    }

    /// The first and the last key of an account's counts in one scope.
    pub(super) fn range_of_account(doorward: &Doorward, scope: Scope, purpose: Purpose, account: &str) -> (Self, Self) {
        let tag = account_tag(doorward, account);
        (Self::new(scope, purpose, tag, NONE), Self::new(scope, purpose, tag, [0xff; TAG]))
    }

    /// What a key says without the tags being reversed: scope, purpose, and both tags.
    pub(super) fn read(key: &[u8]) -> Option<(Scope, Purpose, &[u8], &[u8])> {
        let (numbers, tags) = key.split_at_checked(2)?;
        let (account, place) = tags.split_at_checked(TAG)?;
        let scope = Scope::ALL.into_iter().find(|scope| scope.number() == numbers[0])?;
        let purpose = Purpose::ALL.into_iter().find(|purpose| purpose.number() == numbers[1])?;
        Some((scope, purpose, account, place))
    }
}

fn tag(doorward: &Doorward, purpose: &str, data: &[u8]) -> Tag {
    let mac = doorward.seal().tag(purpose, data);
    let mut tag = NONE;
    tag.copy_from_slice(&mac[..TAG]);
    tag
}

fn account_tag(doorward: &Doorward, account: &str) -> Tag {
    tag(doorward, "throttle account", account.as_bytes())
}

pub(super) fn network_tag(doorward: &Doorward, network: IpAddr) -> Tag {
    tag(doorward, "throttle network", network_of(network).to_string().as_bytes())
}

/// The network that an address stands for: an IPv4 address itself, also where it comes as IPv6; of IPv6
/// the /64, in which one client moves as it likes.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_is_one_network() {
        let network = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    }
}
