//! What may be sent to addresses that others name: where to at all, and how often (SECURITY 6).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use manyhands_swarm::Time;

/// Introductions a minute to one /32 or /56.
const MOST: u32 = 10;
const PERIOD: Duration = Duration::from_secs(60);
/// Networks counted at once; further ones get nothing.
const MAX_NETWORKS: usize = 256;
/// Ports below this belong to services that never asked to be sent anything.
const FIRST_PORT: u16 = 1024;

/// Introductions by destination network.
#[derive(Debug, Default)]
pub(crate) struct Budget(BTreeMap<[u8; 8], (Time, u32)>);

impl Budget {
    /// Whether another introduction may lead to this address.
    pub(crate) fn spend(&mut self, now: Time, to: SocketAddr) -> bool {
        self.0.retain(|_, (since, _)| now.since(*since) < PERIOD);
        let network = network(to.ip());
        if !is_allowed(to) || self.0.len() >= MAX_NETWORKS && !self.0.contains_key(&network) {
            return false;
        }
        let (_, count) = self.0.entry(network).or_insert((now, 0));
        *count += 1;
        *count <= MOST
    }
}

/// Whether an address that somebody else names may be sent to: one on the Internet, and no port of
/// a well-known service.
pub(crate) fn is_allowed(to: SocketAddr) -> bool {
    is_public(to.ip()) && to.port() >= FIRST_PORT
}

/// Whether an address is one on the Internet.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let carrier = a == 100 && b & 0xc0 == 64;
            let reserved = a == 0 || a >= 224;
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || carrier || reserved)
        }
        // Only 2000::/3 is given out (RFC 4291, section 2.4).
        IpAddr::V6(ip) => ip.segments().first().is_some_and(|first| first & 0xe000 == 0x2000),
    }
}

/// The /32 or the /56, with a byte that tells the families apart.
fn network(ip: IpAddr) -> [u8; 8] {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            [4, a, b, c, d, 0, 0, 0]
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, g, ..] = ip.octets();
            [6, a, b, c, d, e, f, g]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_nobody_s_on_the_internet_and_service_ports_are_refused() {
        for refused in [
            "192.168.0.1:5000",
            "10.1.2.3:5000",
            "172.16.9.9:5000",
            "127.0.0.1:5000",
            "169.254.1.1:5000",
            "100.64.0.1:5000",
            "100.127.255.1:5000",
            "0.0.0.0:5000",
            "224.0.0.251:5353",
            "255.255.255.255:5000",
            "203.0.113.1:53",
            "203.0.113.1:1023",
            "[::1]:5000",
            "[fe80::1]:5000",
            "[fd00::1]:5000",
            "[ff02::fb]:5353",
            "[::ffff:192.168.0.1]:5000",
        ] {
            assert!(!is_allowed(refused.parse().unwrap()), "{refused}");
        }
        for allowed in ["203.0.113.1:1024", "100.128.0.1:5000", "[2001:db8::1]:5000"] {
            assert!(is_allowed(allowed.parse().unwrap()), "{allowed}");
        }
    }

    #[test]
    fn one_destination_gets_ten_introductions_a_minute_whoever_makes_them() {
        let mut budget = Budget::default();
        let now = Time::from_millis(1);
        let to = |port| SocketAddr::from(([203, 0, 113, 1], port));
        assert_eq!((2_000..2_100).filter(|p| budget.spend(now, to(*p))).count(), 10);
        assert!(budget.spend(now, ([203, 0, 113, 2], 2_000).into()), "another one has its own");
        assert!(budget.spend(now + PERIOD, to(2_000)));
        let six = |host: u16| format!("[2001:db8:0:{host:x}::1]:5000").parse().unwrap();
        let spent = (0..100).filter(|host| budget.spend(now + PERIOD, six(*host))).count();
        assert_eq!(spent, 10, "a /56 is one");
    }

    #[test]
    fn networks_counted_at_once_are_bounded() {
        let mut budget = Budget::default();
        let now = Time::from_millis(1);
        let all = (0..=255).flat_map(|c| (0..=255).map(move |d| [203, 0, c, d]));
        let given = all.filter(|ip| budget.spend(now, (*ip, 5_000).into())).count();
        assert_eq!(given, MAX_NETWORKS);
    }
}
