//! What may be sent to addresses that others name: where to at all, how often, and how much before
//! anything comes back (SECURITY 6).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

pub(crate) use manyhands_swarm::is_public;
use manyhands_swarm::{FIRST_PORT, Time};

/// Introductions a minute to one /32 or /56.
const MOST: u32 = 10;
const PERIOD: Duration = Duration::from_secs(60);
/// Networks counted at once; further ones get nothing.
const MAX_NETWORKS: usize = 256;

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

/// Packets to addresses that others have named and from which nothing has come back, by /32 or /56:
/// some at once, and from then on one at a time. What is answered is given back. So however many nodes
/// are told of one address that has nothing to do with them, each sends next to nothing there.
#[derive(Debug)]
pub(crate) struct Unanswered {
    at_once: f64,
    /// After which time there may be one more.
    each: Duration,
    /// How many of those at once are spent, and when that was so.
    networks: BTreeMap<[u8; 8], (f64, Time)>,
}

impl Unanswered {
    pub(crate) fn new(at_once: u8, each: Duration) -> Self {
        Self { at_once: at_once.into(), each, networks: BTreeMap::new() }
    }

    /// Whether a packet may leave.
    pub(crate) fn spend(&mut self, now: Time, to: IpAddr) -> bool {
        let each = self.each.as_secs_f64();
        self.networks.retain(|_, (spent, at)| {
            *spent -= now.since(*at).as_secs_f64() / each;
            *at = now;
            *spent > 0.0
        });
        let network = network(to);
        if self.networks.len() >= MAX_NETWORKS && !self.networks.contains_key(&network) {
            return false;
        }
        let (spent, _) = self.networks.entry(network).or_insert((0.0, now));
        let room = *spent + 1.0 <= self.at_once;
        *spent += if room { 1.0 } else { 0.0 };
        room
    }

    /// So many packets have been answered.
    pub(crate) fn give_back(&mut self, to: IpAddr, count: u8) {
        if let Some((spent, _)) = self.networks.get_mut(&network(to)) {
            *spent -= f64::from(count);
        }
    }
}

/// Whether an address that somebody else names may be sent to: one on the Internet, and no port of
/// a well-known service.
pub(crate) fn is_allowed(to: SocketAddr) -> bool {
    is_public(to.ip()) && to.port() >= FIRST_PORT
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

    #[test]
    fn what_nobody_answers_gets_a_few_packets_and_then_one_at_a_time() {
        let mut unanswered = Unanswered::new(2, Duration::from_secs(60));
        let (to, other) = (IpAddr::from([203, 0, 113, 1]), IpAddr::from([203, 0, 113, 2]));
        let sent = |unanswered: &mut Unanswered, seconds: std::ops::Range<u64>| {
            let at = |second| Time::from_millis(1 + second * 1_000);
            seconds.filter(|second| unanswered.spend(at(*second), to)).count()
        };
        assert_eq!(sent(&mut unanswered, 0..59), 2);
        assert_eq!(sent(&mut unanswered, 59..659), 10, "one a minute");
        let now = Time::from_millis(700_000);
        assert!(unanswered.spend(now, other), "another one has its own");
        assert!(unanswered.spend(now, other) && !unanswered.spend(now, other));
        unanswered.give_back(other, 2);
        assert!(unanswered.spend(now, other), "what is answered costs nothing");
    }

    #[test]
    fn networks_without_an_answer_are_bounded_and_forgotten() {
        let mut unanswered = Unanswered::new(2, Duration::from_secs(60));
        let all = || (0..=255).flat_map(|c| (0..=3).map(move |d| IpAddr::from([203, 0, c, d])));
        let now = Time::from_millis(1);
        assert_eq!(all().filter(|to| unanswered.spend(now, *to)).count(), MAX_NETWORKS);
        assert!(unanswered.spend(now + PERIOD, IpAddr::from([198, 51, 100, 1])));
        assert_eq!(unanswered.networks.len(), 1);
    }
}
