//! Which of the addresses that turn up on a local network are tried: each once in a while, and never
//! more of them than a household has. Pure: time is an argument.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use manyhands_swarm::Time;

/// Addresses of one channel tried within [`FORGET`], at most.
const MAX_KNOWN: usize = 16;
/// Addresses tried in one second, at most.
const MAX_A_SECOND: u32 = 4;
/// An address is tried again when it turns up after this time.
const FORGET: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// What turned up lately.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    known: BTreeMap<SocketAddr, Time>,
    second: Time,
    tried: u32,
}

impl Sightings {
    /// Whether an address that turns up at `now` is to be tried.
    pub(super) fn handle(&mut self, now: Time, address: SocketAddr) -> bool {
        self.known.retain(|_, since| now.since(*since) < FORGET);
        if now.since(self.second) >= SECOND {
            (self.second, self.tried) = (now, 0);
        }
        let room = self.known.len() < MAX_KNOWN && self.tried < MAX_A_SECOND;
        if !room || self.known.contains_key(&address) || address.port() < 1024 {
            return false;
        }
        self.tried += 1;
        self.known.insert(address, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u16) -> SocketAddr {
        let [high, low] = n.to_be_bytes();
        SocketAddr::from(([10, 7, high, low], 7000))
    }

    fn at(ms: u64) -> Time {
        Time::from_micros(ms * 1000)
    }

    #[test]
    fn a_flood_of_addresses_makes_four_dials_a_second_and_sixteen_a_minute() {
        let mut seen = Sightings::default();
        let mut tried = Vec::new();
        for ms in 0..59_000 {
            if seen.handle(at(ms), address(u16::try_from(ms % 50_000).unwrap())) {
                tried.push(ms);
            }
        }
        assert_eq!(tried.len(), MAX_KNOWN);
        let most = tried.iter().map(|t| tried.iter().filter(|u| **u / 1000 == *t / 1000).count());
        assert_eq!(most.max(), Some(4));
    }

    #[test]
    fn an_address_is_tried_once_and_again_after_a_minute() {
        let mut seen = Sightings::default();
        assert!(seen.handle(at(0), address(1)));
        assert!(!seen.handle(at(59_999), address(1)));
        assert!(seen.handle(at(60_000), address(1)));
    }

    #[test]
    fn ports_of_other_services_are_not_tried() {
        assert!(!Sightings::default().handle(at(0), SocketAddr::from(([10, 7, 0, 1], 53))));
    }
}
