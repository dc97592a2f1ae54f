use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use doorward_core::session::Client;
use http::{
    Extensions, HeaderMap, HeaderName,
    header::{FORWARDED, USER_AGENT},
};
use ipnet::IpNet;

/// Who is at the other end of the connection; an extension of every request that the server puts there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The address; none on a Unix socket.
    pub address: Option<SocketAddr>,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The most hops that are looked at.
const MOST_HOPS: usize = 32;

/// The client behind the request: the peer, or, where the peer is a trusted proxy, the nearest hop
/// that is not one.
pub(crate) fn client(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpNet]) -> Client {
    let peer = extensions
        .get::<Peer>()
        .and_then(|peer| peer.address)
        .or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address));
    let user_agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    Client { address: address(headers, peer.map(|peer| peer.ip()), trusted), user_agent }
}

fn address(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let peer = peer.map(|peer| peer.to_canonical());
    // A Unix socket has no address: whoever may connect to it is the operator's own proxy, if there
    // are proxies at all.
    if trusted.is_empty() || peer.is_some_and(|peer| !is_trusted(&peer)) {
        return peer;
    }
    let mut nearest = peer;
    for hop in hops(headers).into_iter().rev().take(MOST_HOPS) {
        // What is no address was not written by a proxy of ours: nothing behind it is believed.
        let Some(hop) = hop else { break };
        nearest = Some(hop);
        if !is_trusted(&hop) {
            break;
        }
    }
    nearest
}

/// The hops as the proxies tell them, nearest last: `Forwarded` (RFC 7239) where it is there, else
/// `X-Forwarded-For`; several lines are one list.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = |name: &HeaderName| {
        headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect::<Vec<_>>().join(",")
    };
    if headers.contains_key(FORWARDED) {
        return lines(&FORWARDED)
            .split(',')
            .map(|element| {
                element.split(';').find_map(|pair| {
                    let (name, value) = pair.trim().split_once('=')?;
                    name.eq_ignore_ascii_case("for").then(|| node(value.trim().trim_matches('"')))?
                })
            })
            .collect();
    }
    let list = lines(&X_FORWARDED_FOR);
    if list.is_empty() { Vec::new() } else { list.split(',').map(|hop| node(hop.trim())).collect() }
}

/// An address with or without port and brackets.
fn node(text: &str) -> Option<IpAddr> {
    let address = if let Some(rest) = text.strip_prefix('[') {
        rest.split(']').next()?.parse().ok()
    } else {
        text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip())).ok()
    };
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(header: &'static str, value: &'static str, peer: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append(header, HeaderValue::from_static(value));
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        address(&headers, Some(peer.parse().unwrap()), &trusted).map(|address| address.to_string())
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(told("x-forwarded-for", "1.2.3.4", "192.0.2.1").unwrap(), "192.0.2.1");
        assert_eq!(told("x-forwarded-for", "1.2.3.4", "10.0.0.1").unwrap(), "1.2.3.4");
    }

    #[test]
    fn the_right_most_untrusted_hop_counts() {
        let spoofed = "6.6.6.6, 1.2.3.4, 10.0.0.9";
        assert_eq!(told("x-forwarded-for", spoofed, "10.0.0.1").unwrap(), "1.2.3.4");
        assert_eq!(told("x-forwarded-for", "6.6.6.6, garbage", "10.0.0.1").unwrap(), "10.0.0.1");
        assert_eq!(told("x-real-ip", "6.6.6.6", "10.0.0.1").unwrap(), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_by_rfc_7239() {
        let value = r#"for=6.6.6.6, For="[2001:db8::1]:4711";proto=https"#;
        assert_eq!(told("forwarded", value, "::1").unwrap(), "2001:db8::1");
        assert_eq!(told("forwarded", "for=_hidden", "::1").unwrap(), "::1");
        assert_eq!(told("x-forwarded-for", "::ffff:1.2.3.4", "::ffff:10.0.0.1").unwrap(), "1.2.3.4");
    }
}
