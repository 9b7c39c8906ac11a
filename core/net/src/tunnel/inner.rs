//! Addresses of tunnels that others have dialled: out of 100::/64, the block that every router discards
//! (RFC 6666). Nothing is sent there, and what claims to come from there by UDP is not heard.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const BLOCK: [u16; 4] = [0x100, 0, 0, 0];

/// The address of this node's `number`th tunnel, the same never again.
pub(super) fn address(number: u64, port: u16) -> SocketAddr {
    let [a, b, c, d] = BLOCK;
    let [s, t, u, v] = [48, 32, 16, 0].map(|shift| (number >> shift) as u16);
    SocketAddr::from((Ipv6Addr::new(a, b, c, d, s, t, u, v), port))
}

/// Whether it is one; another node's says nothing here.
pub(crate) fn is_inner(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.segments().starts_with(&BLOCK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tunnel_has_an_address_of_its_own_in_the_block_and_nobody_else_has() {
        let all: std::collections::BTreeSet<_> =
            [0, 1, 0xffff, 0x1_0000, u64::MAX].map(|number| address(number, 9)).into();
        assert_eq!(all.len(), 5);
        assert!(all.iter().all(|address| is_inner(address.ip())));
        for other in ["100:0:0:1::1", "::1", "::ffff:1.0.0.0", "1.0.0.0", "2001:db8::1"] {
            assert!(!is_inner(other.parse().unwrap()), "{other}");
        }
    }
}
