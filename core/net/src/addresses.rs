//! Addresses under which this machine can be dialled, for the hints in a link.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The addresses that a socket bound to `bound` answers on: at most `most`, those that others on
/// the network can use first, loopback only when there is nothing else.
#[must_use]
pub fn dialable_addresses(bound: SocketAddr, most: usize) -> Vec<SocketAddr> {
    if !bound.ip().is_unspecified() {
        return vec![bound];
    }
    let mut found = interface_addresses();
    found.retain(|ip| ip.is_ipv4() || bound.is_ipv6());
    found.truncate(most);
    if found.is_empty() {
        found.push(Ipv4Addr::LOCALHOST.into());
    }
    found.into_iter().map(|ip| SocketAddr::new(ip, bound.port())).collect()
}

/// The same, and before them the one that the router has opened, if it has.
#[must_use]
pub fn reachable_addresses(
    bound: SocketAddr,
    mapped: Option<SocketAddr>,
    most: usize,
) -> Vec<SocketAddr> {
    mapped.into_iter().chain(dialable_addresses(bound, most)).take(most).collect()
}

/// The addresses of this machine on its networks; IPv4 first.
#[must_use]
pub fn interface_addresses() -> Vec<IpAddr> {
    // A machine whose interfaces can't be read still has its loopback.
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut found: Vec<IpAddr> = interfaces
        .iter()
        .filter(|i| !i.is_loopback() && !i.is_link_local())
        .map(if_addrs::Interface::ip)
        .collect();
    found.sort_by_key(|ip| (ip.is_ipv6(), *ip));
    found.dedup();
    found
}

/// An IPv4 address that a dual-stack socket shows as IPv6, as what it is.
#[must_use]
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_address_is_its_own_hint() {
        let bound: SocketAddr = "127.0.0.1:4433".parse().unwrap();
        assert_eq!(dialable_addresses(bound, 4), [bound]);
    }

    #[test]
    fn an_unspecified_address_becomes_real_ones() {
        let found = dialable_addresses("0.0.0.0:7".parse().unwrap(), 4);
        assert!(!found.is_empty() && found.len() <= 4);
        assert!(found.iter().all(|a| !a.ip().is_unspecified() && a.port() == 7 && a.is_ipv4()));
    }

    #[test]
    fn mapped_addresses_are_shown_as_ipv4() {
        let mapped = "[::ffff:10.0.0.1]:5".parse().unwrap();
        assert_eq!(canonical(mapped), "10.0.0.1:5".parse().unwrap());
    }
}
