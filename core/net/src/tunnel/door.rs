//! Who may come in by TCP: so many in all, so many from one network, and few who have not finished their
//! handshake.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::peers::MAX_PEERS;

/// All tunnels: as many as there are neighbours.
const MAX_TUNNELS: usize = MAX_PEERS;
/// Tunnels from one IPv4 address or one /64: a hotel's guests stand behind one address. A quarter of all.
const MAX_OF_NETWORK: usize = 32;
/// Those among them that have not said TLS's first words to the end, in all and from one network.
const MAX_HALF_OPEN: usize = 32;
const MAX_HALF_OPEN_OF_NETWORK: usize = 8;

#[derive(Debug, Clone, Default)]
pub(super) struct Door(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    half_open: usize,
    of_network: BTreeMap<u64, Guests>,
}

/// Those of one network.
#[derive(Debug, Clone, Copy, Default)]
struct Guests {
    all: usize,
    half_open: usize,
}

/// A place inside, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    door: Door,
    network: u64,
    half_open: bool,
}

impl Door {
    /// Lets somebody in, if there is room.
    pub(super) fn enter(&self, from: IpAddr) -> Option<Place> {
        let network = network(from);
        let mut inside = self.0.lock();
        let here = inside.of_network.get(&network).copied().unwrap_or_default();
        let room = inside.all < MAX_TUNNELS
            && inside.half_open < MAX_HALF_OPEN
            && here.all < MAX_OF_NETWORK
            && here.half_open < MAX_HALF_OPEN_OF_NETWORK;
        if !room {
            return None;
        }
        inside.all += 1;
        inside.half_open += 1;
        let guests = Guests { all: here.all + 1, half_open: here.half_open + 1 };
        inside.of_network.insert(network, guests);
        drop(inside);
        Some(Place { door: self.clone(), network, half_open: true })
    }
}

impl Place {
    /// The handshake is done.
    pub(super) fn settle(&mut self) {
        if !std::mem::take(&mut self.half_open) {
            return;
        }
        let mut inside = self.door.0.lock();
        inside.half_open -= 1;
        if let Some(here) = inside.of_network.get_mut(&self.network) {
            here.half_open -= 1;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.settle();
        let mut inside = self.door.0.lock();
        inside.all -= 1;
        if let Some(here) = inside.of_network.get_mut(&self.network) {
            here.all -= 1;
            if here.all == 0 {
                inside.of_network.remove(&self.network);
            }
        }
    }
}

/// An IPv4 address (mapped into ::ffff:0:0/96, whose upper half is 0), or the /64 of an IPv6 address.
fn network(ip: IpAddr) -> u64 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => u64::from(u32::from(ip)),
        IpAddr::V6(ip) => (u128::from(ip) >> 64) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(door: &Door, from: IpAddr) -> Option<Place> {
        let mut place = door.enter(from)?;
        place.settle();
        Some(place)
    }

    #[test]
    fn one_network_does_not_take_every_place_and_all_together_no_more_than_there_are() {
        let door = Door::default();
        let mut held = Vec::new();
        for network in 1..=10_u8 {
            let of_it = (0..100).filter_map(|_| settled(&door, [203, 0, 113, network].into()));
            held.push(of_it.collect::<Vec<_>>());
        }
        let counts: Vec<usize> = held.iter().map(Vec::len).collect();
        assert_eq!(counts, [32, 32, 32, 32, 0, 0, 0, 0, 0, 0]);
        held.clear();
        assert!(settled(&door, [203, 0, 113, 9].into()).is_some());
        assert!(door.0.lock().of_network.is_empty(), "nobody is remembered");
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one() {
        let door = Door::default();
        let of_it = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]);
        let held: Vec<_> = (0..100).filter_map(|n| settled(&door, of_it(n))).collect();
        assert_eq!(held.len(), MAX_OF_NETWORK);
        assert!(settled(&door, [0x2001, 0xdb8, 0, 1, 0, 0, 0, 1].into()).is_some());
    }

    #[test]
    fn those_who_only_knock_leave_room_for_others() {
        let door = Door::default();
        let knock = |n| door.enter([203, 0, 113, n].into());
        let mut knocking: Vec<_> = (0..20).filter_map(|_| knock(1)).collect();
        assert_eq!(knocking.len(), MAX_HALF_OPEN_OF_NETWORK);
        knocking.extend((2..200).filter_map(knock));
        assert_eq!(knocking.len(), MAX_HALF_OPEN);
        assert!(door.enter([198, 51, 100, 1].into()).is_none());
        drop(knocking);
        assert!(door.enter([198, 51, 100, 1].into()).is_some());
    }
}
