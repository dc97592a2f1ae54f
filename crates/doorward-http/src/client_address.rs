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
pub fn client(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpNet]) -> Client {
    let user_agent = headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    Client { address: address(headers, peer(extensions), trusted), user_agent }
}

/// Whether whoever is at the other end is one of the proxies.
pub(crate) fn is_trusted_proxy(extensions: &Extensions, trusted: &[IpNet]) -> bool {
    is_proxy(peer(extensions), trusted)
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>().and_then(|peer| peer.address);
    let peer = peer.or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address));
    peer.map(|peer| peer.ip().to_canonical())
}

/// A Unix socket has no address: whoever may connect to it is the operator's own proxy, if there are proxies at all.
fn is_proxy(peer: Option<IpAddr>, trusted: &[IpNet]) -> bool {
    !trusted.is_empty() && peer.is_none_or(|peer| trusted.iter().any(|net| net.contains(&peer)))
}

fn address(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let peer = peer.map(|peer| peer.to_canonical());
    if !is_proxy(peer, trusted) {
        return peer;
    }
    let nearest = |hops: Vec<Option<IpAddr>>| {
        let mut nearest = peer;
        for hop in hops.into_iter().rev().take(MOST_HOPS) {
            // What is no address was not written by a proxy of ours: nothing behind it is believed.
            let Some(hop) = hop else { break };
            nearest = Some(hop);
            if !is_trusted(&hop) {
                break;
            }
        }
        nearest
    };
    let told = |name, read: fn(&str) -> Vec<Option<IpAddr>>| {
        headers.contains_key(&name).then(|| nearest(hops(headers, &name, read)))
    };
    match (told(FORWARDED, forwarded), told(X_FORWARDED_FOR, forwarded_for)) {
        // A proxy that writes one of them may pass the other on as the client sent it, and nothing says
        // which: where they differ, neither is believed.
        (Some(by_one), Some(by_other)) if by_one != by_other => peer,
        (Some(address), _) | (None, Some(address)) => address,
        (None, None) => peer,
    }
}

/// The hops as the proxies tell them, nearest last; several lines are one list. A line that is no text
/// is a hop that is no address: passed over, it would leave the one before it as the nearest.
fn hops(headers: &HeaderMap, name: &HeaderName, read: fn(&str) -> Vec<Option<IpAddr>>) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter();
    lines.flat_map(|line| line.to_str().map_or_else(|_| vec![None], read)).collect()
}

/// A line of `X-Forwarded-For`.
fn forwarded_for(line: &str) -> Vec<Option<IpAddr>> {
    line.split(',').map(|hop| node(hop.trim())).collect()
}

/// A line of `Forwarded` (RFC 7239 §4). Read strictly: the client chooses part of it, such as what a
/// proxy tells as `host`, and a line that it left in disorder tells nothing.
fn forwarded(line: &str) -> Vec<Option<IpAddr>> {
    let elements = split_unquoted(line, ',').and_then(|elements| elements.into_iter().map(pairs).collect());
    let elements: Vec<Vec<(&str, &str)>> = elements.unwrap_or_else(|| vec![Vec::new()]);
    let address = |pairs: Vec<(&str, &str)>| {
        let mut addresses = pairs.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("for"));
        // No parameter may stand twice.
        match (addresses.next(), addresses.next()) {
            (Some((_, value)), None) => node(value),
            _ => None,
        }
    };
    elements.into_iter().map(address).collect()
}

/// Names and values of one element; `None` for what is no element.
fn pairs(element: &str) -> Option<Vec<(&str, &str)>> {
    let pairs = split_unquoted(element, ';')?.into_iter().map(str::trim).filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').and_then(|(name, value)| Some((name, unquoted(value)?)))).collect()
}

/// The parts between separators that stand outside of quotes; `None` where a quote is left open.
fn split_unquoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|c| {
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        c == separator && !quoted
    });
    let parts = parts.collect();
    (!quoted).then_some(parts)
}

/// A value without the quotes around it; `None` where a quote stands elsewhere. What is escaped stays so:
/// no address has anything to escape.
fn unquoted(value: &str) -> Option<&str> {
    let Some(inner) = value.strip_prefix('"') else { return (!value.contains('"')).then_some(value) };
    let mut escaped = false;
    let end = inner.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    (end + 1 == inner.len()).then_some(&inner[..end])
}

/// An address with or without port and brackets (RFC 7239 §6; proxies leave the brackets out too).
fn node(text: &str) -> Option<IpAddr> {
    let (address, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        (IpAddr::V6(address.parse().ok()?), port)
    } else if let Ok(address) = text.parse() {
        (address, "")
    } else {
        let (address, _) = text.split_once(':')?;
        (IpAddr::V4(address.parse().ok()?), &text[address.len()..])
    };
    is_port(port).then(|| address.to_canonical())
}

/// Nothing, or a colon and a number, or a name that hides the number.
fn is_port(text: &str) -> bool {
    let hidden = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.strip_prefix('_').map_or_else(|| port.parse::<u16>().is_ok(), hidden))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(header: &'static str, value: &str, peer: &str) -> Option<String> {
        told_by(&[(header, value)], peer)
    }

    fn told_by(lines: &[(&'static str, &str)], peer: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
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
        let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4:5678")];
        assert_eq!(told_by(&lines, "10.0.0.1").unwrap(), "1.2.3.4");
    }

    #[test]
    fn forwarded_is_read_by_rfc_7239() {
        let value = r#"for=6.6.6.6, For="[2001:db8::1]:4711";proto=https"#;
        assert_eq!(told("forwarded", value, "::1").unwrap(), "2001:db8::1");
        assert_eq!(told("forwarded", "for=_hidden", "::1").unwrap(), "::1");
        assert_eq!(told("x-forwarded-for", "::ffff:1.2.3.4", "::ffff:10.0.0.1").unwrap(), "1.2.3.4");
        for node in ["\"1.2.3.4:_edge\"", "\"1.2.3.4:80\"", "1.2.3.4;by=10.0.0.1;host=\"a, \\\"b\\\"; c\""] {
            assert_eq!(told("forwarded", &format!("for={node}"), "::1").unwrap(), "1.2.3.4", "{node}");
        }
        for node in ["\"[2001:db8::1]x\"", "\"[2001:db8::1]:999999\"", "\"1.2.3.4", "1.2.3.4;for=6.6.6.6", "1.2.3.4;x"]
        {
            assert_eq!(told("forwarded", &format!("for={node}"), "::1").unwrap(), "::1", "{node}");
        }
    }

    #[test]
    fn a_host_that_looks_like_an_element_is_no_address() {
        for host in ["a, for=6.6.6.6", "a;for=6.6.6.6", "a\\\", for=6.6.6.6", "a\\\\\\\";for=6.6.6.6;x="] {
            for element in [format!("host=\"{host}\";for=1.2.3.4"), format!("for=1.2.3.4;host=\"{host}\"")] {
                assert_eq!(told("forwarded", &element, "10.0.0.1").unwrap(), "1.2.3.4", "{element}");
            }
        }
    }

    #[test]
    fn a_quote_left_open_by_the_client_hides_it_and_forges_nothing() {
        for sent in ["for=\"", "for=1.1.1.1;x=\"", "\\\"", "for=\"\\"] {
            let value = format!("{sent}, for=\"[2001:db8::1]\";host=\"a,for=6.6.6.6\"");
            assert_eq!(told("forwarded", &value, "10.0.0.1").unwrap(), "10.0.0.1", "{value}");
        }
    }

    #[test]
    fn a_header_that_the_proxy_passes_on_as_it_came_is_not_believed() {
        let true_one = ("x-forwarded-for", "1.2.3.4");
        assert_eq!(told_by(&[("forwarded", "for=6.6.6.6"), true_one], "10.0.0.1").unwrap(), "10.0.0.1");
        assert_eq!(told_by(&[("forwarded", "for=1.2.3.4"), true_one], "10.0.0.1").unwrap(), "1.2.3.4");
    }

    #[test]
    fn a_line_that_is_no_text_does_not_vanish_and_leave_the_one_before() {
        for unreadable in ["\u{e9}", "\u{e9}, 1.2.3.4"] {
            let lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", unreadable)];
            let told = told_by(&lines, "10.0.0.1").unwrap();
            assert_ne!(told, "6.6.6.6");
        }
    }
}
