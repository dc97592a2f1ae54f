//! The client's address behind proxies: `Forwarded` (RFC 7239) and `X-Forwarded-For`.
//!
//! An input is one character that says who is connected, then header lines. The same lines are looked at as they are, and as
//! what a stranger sends through a trusted proxy that adds the stranger's true address.

use std::net::{IpAddr, SocketAddr};

use doorward_http::{Peer, client_of};
use http::{Extensions, HeaderMap, HeaderValue, header::FORWARDED};
use ipnet::IpNet;

use crate::header_lines;

/// Pieces of forwarding headers.
pub const WORDS: &[&str] = &[
    "\nx-forwarded-for: ",
    "\nforwarded: ",
    "for=",
    "For=",
    "by=",
    "host=",
    ";proto=https",
    "for=\"[2001:db8::1]:80\"",
    "6.6.6.6",
    "10.0.0.9",
    "::ffff:10.0.0.1",
    "unknown",
    "_hidden",
    ", ",
    "\"",
    "\\\"",
    "]:_port",
    "\u{e9}",
    "\nuser-agent: ",
];

/// What the proxy knows of whom it serves.
const TRUTH: &str = "203.0.113.7";
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Nobody's word counts but a trusted proxy's, and the address is one that somebody named.
///
/// # Panics
/// Where that doesn't hold.
pub fn run(input: &[u8]) {
    let Some((who, lines)) = input.split_first() else { return };
    let headers = header_lines::read(lines);
    as_it_is(*who, &headers);
    for (name, element) in [(FORWARDED_FOR, TRUTH.to_owned()), (FORWARDED.as_str(), of_rfc_7239(lines))] {
        for joined in [false, true] {
            through_a_proxy(&headers, name, &element, joined);
        }
    }
}

fn as_it_is(who: u8, headers: &HeaderMap) {
    let trusted: &[&str] = if who.is_multiple_of(2) { &["10.0.0.0/8", "::1/128"] } else { &[] };
    let peer = ["10.0.0.1", "::ffff:10.0.0.1", "::1", "198.51.100.9", "2001:db8::9"].get(usize::from(who / 2 % 6));
    let peer: Option<IpAddr> = peer.map(|peer| peer.parse().expect("an address"));
    let told = address(headers, peer, trusted);

    let peer = peer.map(|peer| peer.to_canonical());
    let believed = !trusted.is_empty() && peer.is_none_or(|peer| is_within(peer, trusted));
    if believed {
        assert_eq!(told, told.map(|address| address.to_canonical()), "an IPv4 address in IPv6's dress");
        assert!(told == peer || told.is_some_and(|told| is_named(headers, told)), "nobody named {told:?}");
    } else {
        assert_eq!(told, peer, "a header counted that no trusted proxy sent");
    }
}

/// A proxy at 10.0.0.1 that takes over what it was sent and adds its own element, to the last line or as a line of its own.
fn through_a_proxy(sent: &HeaderMap, name: &'static str, element: &str, joined: bool) {
    let mut headers = sent.clone();
    let mut lines: Vec<_> = headers.get_all(name).iter().map(|line| line.as_bytes().to_vec()).collect();
    match lines.last_mut() {
        Some(last) if joined => last.extend_from_slice(format!(", {element}").as_bytes()),
        _ => lines.push(element.as_bytes().to_vec()),
    }
    headers.remove(name);
    for line in lines {
        headers.append(name, HeaderValue::from_bytes(&line).expect("of valid parts"));
    }
    let (proxy, truth): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [203, 0, 113, 7].into());
    let told = address(&headers, Some(proxy), &["10.0.0.0/8"]);
    assert!(told == Some(truth) || told == Some(proxy), "a stranger passed for {told:?} by {headers:?}");
    if !sent.contains_key(FORWARDED) && !sent.contains_key(FORWARDED_FOR) {
        assert_eq!(told, Some(truth), "the proxy was not understood");
    }
}

/// The proxy's element as RFC 7239 writes it, with the `Host` that the stranger chose.
fn of_rfc_7239(sent: &[u8]) -> String {
    let host: String =
        sent.iter().map(|byte| char::from(*byte)).filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    let quoted = host.replace('\\', "\\\\").replace('"', "\\\"");
    format!("host=\"{quoted}\";for={TRUTH};by=_edge")
}

fn address(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[&str]) -> Option<IpAddr> {
    let mut extensions = Extensions::new();
    extensions.insert(Peer { address: peer.map(|peer| SocketAddr::new(peer, 50_000)), tls: false });
    let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().expect("a network")).collect();
    client_of(headers, &extensions, &trusted).address
}

fn is_within(address: IpAddr, nets: &[&str]) -> bool {
    nets.iter().any(|net| net.parse::<IpNet>().is_ok_and(|net| net.contains(&address)))
}

/// Whether `address` stands in a forwarding header, with or without a port.
fn is_named(headers: &HeaderMap, address: IpAddr) -> bool {
    let values = [FORWARDED.as_str(), FORWARDED_FOR].into_iter().flat_map(|name| headers.get_all(name));
    values.filter_map(|value| value.to_str().ok()).any(|text| {
        text.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':').any(|word| {
            let plain = word.parse::<IpAddr>().ok();
            let with_port = word.rsplit_once(':').and_then(|(host, _)| host.parse::<IpAddr>().ok());
            [plain, with_port].into_iter().flatten().any(|named| named.to_canonical() == address)
        })
    })
}

/// Headers of honest proxies and of strangers.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "0x-forwarded-for: 1.2.3.4",
        "0x-forwarded-for: 6.6.6.6, 1.2.3.4, 10.0.0.9",
        "0x-forwarded-for: 6.6.6.6\nx-forwarded-for: 1.2.3.4:5678",
        "2x-forwarded-for: ::ffff:1.2.3.4, [2001:db8::1]:443",
        "4forwarded: for=6.6.6.6, For=\"[2001:db8::1]:4711\";proto=https",
        "4forwarded: for=_hidden, for=unknown",
        "6forwarded: for=192.0.2.43;by=203.0.113.60;proto=http;host=example.com",
        "0forwarded: host=\"a, b\";for=192.0.2.43\nx-forwarded-for: 192.0.2.43",
        "1x-forwarded-for: 1.2.3.4",
        ":x-forwarded-for: fe80::1%eth0, garbage, ",
        "0user-agent: curl/8.0",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
