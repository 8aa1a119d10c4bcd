//! The address that a request comes from, also when proxies have passed it on.
//!
//! Every proxy adds the address that it was asked from to the end of `X-Forwarded-For`, and what stood there before may
//! be the client's invention. So the header is read from its end, for as long as the entries were written by proxies
//! that the settings name.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The subscriber that a request comes from, given the other end of its connection.
pub(super) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut address = peer.to_canonical();
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let mut entries = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    while is_trusted(&address)
        && let Some(entry) = entries.next()
    {
        // Nobody knows who wrote what is before something that no proxy writes.
        let Some(next) = read(entry) else { break };
        address = next.to_canonical();
    }
    subscriber(address)
}

/// An address as proxies write it, some with the port.
fn read(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

/// The subscriber behind an address: one IPv6 subscriber has at least 2^64 addresses.
pub(super) fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The subscriber, with the proxies 10.0.0.0/8 and fd00::/8.
    fn told(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().expect("a header"));
        }
        of(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn only_named_proxies_are_believed() {
        assert_eq!(told("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(told("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(told("::ffff:10.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert_eq!(told("fd00::1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(told("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_invents_is_not_read() {
        assert_eq!(told("10.0.0.1", &["1.1.1.1, 2.2.2.2, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(told("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2 ,10.1.2.3"]), "198.51.100.7");
        assert_eq!(told("10.0.0.1", &["1.1.1.1", "198.51.100.7, 10.0.0.2", "10.0.0.3"]), "198.51.100.7");
        // A client on the network of the proxies.
        assert_eq!(told("10.0.0.1", &["10.9.9.9"]), "10.9.9.9");
        for nonsense in ["1.1.1.1, unknown", "1.1.1.1, _hidden", "1.1.1.1,", "", "1.1.1.1, 10.0.0.300"] {
            assert_eq!(told("10.0.0.1", &[nonsense]), "10.0.0.1", "{nonsense}");
        }
    }

    #[test]
    fn addresses_may_have_ports_and_brackets() {
        assert_eq!(told("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(told("10.0.0.1", &["[2001:db8:1:2::7]:4711"]), "2001:db8:1:2::");
        assert_eq!(told("10.0.0.1", &["[2001:db8:1:2::7]"]), "2001:db8:1:2::");
        assert_eq!(told("10.0.0.1", &["2001:db8:1:2:3:4:5:6"]), "2001:db8:1:2::");
        assert_eq!(told("2001:db8:1:2:ffff::1", &[]), "2001:db8:1:2::");
    }
}
