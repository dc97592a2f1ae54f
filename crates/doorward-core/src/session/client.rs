use std::net::IpAddr;

use sha2::{Digest, Sha256};

/// Who is at the other end, as far as the connection tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The address, behind trusted proxies the one they tell.
    pub address: Option<IpAddr>,
    /// The `User-Agent`, as the client calls itself.
    pub user_agent: Option<String>,
}

/// The most of a `User-Agent` that is kept, in characters.
const USER_AGENT_WIDTH: usize = 255;

impl Client {
    /// The `User-Agent`, cut to what is stored, without characters that could forge a line.
    pub(crate) fn shown_user_agent(&self) -> Option<String> {
        self.user_agent.as_deref().map(|text| text.chars().filter(|c| !c.is_control()).take(USER_AGENT_WIDTH).collect())
    }

    /// What Flask-Login makes its session identifier of: the address and the program. An IPv6 client
    /// has a whole /64 to itself and moves in it.
    pub(crate) fn recognition_text(&self) -> String {
        let network = match self.address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            None => String::new(),
        };
        format!("{network}|{}", self.user_agent.as_deref().unwrap_or_default())
    }
}

/// SHA-256 of what a session's client is recognised by.
pub fn fingerprint(client: &Client) -> [u8; 32] {
    Sha256::digest(client.recognition_text()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str, user_agent: &str) -> Client {
        Client { address: Some(address.parse().unwrap()), user_agent: Some(user_agent.into()) }
    }

    #[test]
    fn another_network_or_program_is_another_client() {
        let here = fingerprint(&client("192.0.2.1", "curl"));
        assert_eq!(here, fingerprint(&client("::ffff:192.0.2.1", "curl")));
        assert_ne!(here, fingerprint(&client("192.0.2.2", "curl")));
        assert_ne!(here, fingerprint(&client("192.0.2.1", "wget")));
        assert_eq!(fingerprint(&client("2001:db8::1", "curl")), fingerprint(&client("2001:db8::ffff", "curl")));
    }
}
