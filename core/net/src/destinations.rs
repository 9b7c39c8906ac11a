//! Where the socket has sent to: in which order, so that a NAT's ports can be told beforehand, and
//! how much may still be sent to an address from which nothing has come back yet.
//!
//! Bounded: the destination that was added first is forgotten first.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use manyhands_swarm::Time;

use crate::budget::Unanswered;
use crate::tunnel;

/// Destinations remembered: neighbours (128), dials and known addresses many times over.
const MAX_DESTINATIONS: usize = 1_024;
/// First packets to an address that somebody else named, before any answer (SECURITY 6: link hints
/// have two; a dial on a lossy way needs the second).
const INITIALS: u8 = 2;
/// The same to one IP address on the Internet, whatever the ports, beyond one dial's: 1,242 bytes of frames
/// each. Two hundred nodes that are told of a stranger's address send 33 kbit/s there, all together.
const ONE_MORE: Duration = Duration::from_secs(60);

/// All destinations.
#[derive(Debug)]
pub(crate) struct Destinations {
    known: BTreeMap<SocketAddr, Destination>,
    count: u32,
    unanswered: Unanswered,
}

impl Default for Destinations {
    fn default() -> Self {
        let unanswered = Unanswered::new(INITIALS, ONE_MORE);
        Self { known: BTreeMap::new(), count: 0, unanswered }
    }
}

#[derive(Debug)]
struct Destination {
    /// Its number among all that went through a NAT.
    order: u32,
    /// Datagrams that may leave before anything has come back; no limit once it has.
    left: Option<u8>,
}

impl Destinations {
    /// An address that others have named is going to be dialled.
    pub(crate) fn limit(&mut self, to: SocketAddr) {
        self.entry(to).left = Some(INITIALS);
    }

    /// A datagram wants to leave; false where it must not.
    pub(crate) fn may_send(&mut self, now: Time, to: SocketAddr) -> bool {
        let Some(left) = self.entry(to).left else { return true };
        // In this network every member has an address of its own, and may be told of by its like only.
        let near = is_nearby(to.ip());
        let may = left > 0 && (near || self.unanswered.spend(now, to.ip()));
        if may {
            self.entry(to).left = Some(left - 1);
        }
        may
    }

    /// A datagram leaves whatever the limit is: it has a budget of its own.
    pub(crate) fn note(&mut self, to: SocketAddr) {
        self.entry(to);
    }

    /// Something has come from there.
    pub(crate) fn on_received(&mut self, from: SocketAddr) {
        if let Some(destination) = self.known.get_mut(&crate::canonical(from))
            && let Some(left) = destination.left.take()
        {
            self.unanswered.give_back(from.ip(), INITIALS - left);
        }
    }

    /// Which new destination it was, from 1, and how many there have been.
    pub(crate) fn order(&self, to: SocketAddr) -> Option<(u32, u32)> {
        let destination = self.known.get(&crate::canonical(to))?;
        Some((destination.order, self.count))
    }

    /// How many destinations there have been.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    fn entry(&mut self, to: SocketAddr) -> &mut Destination {
        let to = crate::canonical(to);
        if !self.known.contains_key(&to) {
            // What stays in this network meets no NAT.
            self.count += u32::from(!is_nearby(to.ip()));
            if self.known.len() >= MAX_DESTINATIONS {
                let oldest = self.known.iter().min_by_key(|(_, d)| d.order).map(|(a, _)| *a);
                oldest.map(|address| self.known.remove(&address));
            }
        }
        self.known.entry(to).or_insert(Destination { order: self.count, left: None })
    }
}

/// On this machine or in this network, or the end of a tunnel that was dialled from outside: no NAT of
/// ours is on the way.
pub(crate) fn is_nearby(ip: IpAddr) -> bool {
    if tunnel::is_inner(ip) {
        return true;
    }
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(port: u16) -> SocketAddr {
        ([203, 0, 113, 5], port).into()
    }

    fn now() -> Time {
        Time::from_millis(1)
    }

    #[test]
    fn a_named_address_gets_two_datagrams_until_it_answers() {
        let mut destinations = Destinations::default();
        let mut sent = |to, count| (0..count).filter(|_| destinations.may_send(now(), to)).count();
        assert_eq!(sent(public(4001), 9), 9, "others have no limit");
        destinations.limit(public(4000));
        let mut sent = |to, count| (0..count).filter(|_| destinations.may_send(now(), to)).count();
        assert_eq!(sent(public(4000), 9), 2);
        destinations.on_received("[::ffff:203.0.113.5]:4000".parse().unwrap());
        let mut sent = |to, count| (0..count).filter(|_| destinations.may_send(now(), to)).count();
        assert_eq!(sent(public(4000), 9), 9);
    }

    #[test]
    fn all_ports_of_an_address_together_get_no_more_than_one() {
        let mut destinations = Destinations::default();
        let mut dial = |at: Time, to: SocketAddr| {
            destinations.limit(to);
            (0..9).filter(|_| destinations.may_send(at, to)).count()
        };
        let later = now() + ONE_MORE;
        assert_eq!([1, 2, 3].map(|port| dial(now(), public(port))), [2, 0, 0]);
        assert_eq!([4, 5].map(|port| dial(later, public(port))), [1, 0]);
        assert_eq!(dial(now(), ([203, 0, 113, 6], 1).into()), 2, "another one has its own");
        let nearby = [1, 2].map(|port| dial(now(), ([127, 0, 0, 1], port).into()));
        assert_eq!(nearby, [2, 2], "many live on this machine");
    }

    #[test]
    fn who_answers_costs_nothing() {
        let mut destinations = Destinations::default();
        for port in 1..100 {
            destinations.limit(public(port));
            assert!(destinations.may_send(now(), public(port)), "{port}");
            destinations.on_received(public(port));
        }
    }

    #[test]
    fn destinations_beyond_a_nat_are_counted_once_each() {
        let mut destinations = Destinations::default();
        for to in [public(1), public(2), public(1), ([192, 168, 1, 9], 7).into(), public(3)] {
            destinations.may_send(now(), to);
        }
        assert_eq!(destinations.count(), 3);
        assert_eq!(destinations.order(public(2)), Some((2, 3)));
        assert_eq!(destinations.order(public(9)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut destinations = Destinations::default();
        for port in 1..5_000 {
            destinations.limit(public(port));
        }
        assert_eq!(destinations.known.len(), MAX_DESTINATIONS);
        assert_eq!(destinations.order(public(4_999)), Some((4_999, 4_999)));
    }
}
