//! How the NAT in front maps our socket (RFC 4787, section 4.1), from what neighbours say they see.
//!
//! A neighbour can lie about it. What follows from a lie is a dial that waits for an introduction,
//! or packets from ports where nobody looks: never a packet to an address that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use manyhands_swarm::{Forecast, Mapping};

/// Neighbours whose word is kept; the newest count.
const MAX_OBSERVERS: usize = 16;
/// Ports that a NAT which counts skips at most from one mapping to the next.
const MAX_STEP: u32 = 4;

/// What neighbours see.
#[derive(Debug, Default)]
pub(crate) struct Observations(BTreeMap<u32, Observation>);

#[derive(Debug)]
struct Observation {
    by: SocketAddr,
    seen: SocketAddr,
}

impl Observations {
    /// The neighbour at `by`, the `order`th destination of this socket, sees us at `seen`.
    pub(crate) fn on_observed(&mut self, order: u32, by: SocketAddr, seen: SocketAddr) {
        self.0.retain(|_, o| o.by != by);
        self.0.insert(order, Observation { by, seen });
        if self.0.len() > MAX_OBSERVERS {
            self.0.pop_first();
        }
    }

    /// How many have spoken.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Who sees this socket where.
    pub(crate) fn sights(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr)> {
        self.0.values().map(|o| (o.by, o.seen))
    }

    /// Whether a neighbour sees this node at an address.
    pub(crate) fn is_seen_from(&self, ip: IpAddr) -> bool {
        self.0.values().any(|o| o.seen.ip().to_canonical() == ip.to_canonical())
    }

    /// What that says, when `count` destinations have been sent to so far.
    pub(crate) fn mapping(&self, count: u32) -> Mapping {
        let v4 = || self.0.iter().filter(|(_, o)| o.seen.is_ipv4());
        let observers: BTreeSet<SocketAddr> = v4().map(|(_, o)| o.by).collect();
        if observers.len() < 2 {
            return Mapping::Unknown;
        }
        let seen: BTreeSet<SocketAddr> = v4().map(|(_, o)| o.seen).collect();
        if seen.len() == 1 {
            return Mapping::Steady;
        }
        let ports: Vec<(u32, u16)> = v4().map(|(order, o)| (*order, o.seen.port())).collect();
        match step(&ports) {
            Some(step) => next(&ports, step, count).map_or(Mapping::Unpredictable, |next| {
                Mapping::Counting(Forecast { next, step: step as u8 })
            }),
            None => Mapping::Unpredictable,
        }
    }
}

/// By how much ports grow from one destination to the next, if always by the same.
fn step(ports: &[(u32, u16)]) -> Option<u32> {
    let steps: BTreeSet<Option<u32>> = ports
        .windows(2)
        .map(|pair| match pair {
            [(a, low), (b, high)] => {
                let grown = u32::from(high.checked_sub(*low)?);
                let apart = b.checked_sub(*a).filter(|apart| *apart > 0)?;
                grown.is_multiple_of(apart).then_some(grown / apart)
            }
            _ => None,
        })
        .collect();
    let step = steps.first().copied().flatten()?;
    (steps.len() == 1 && (1..=MAX_STEP).contains(&step)).then_some(step)
}

/// The port of the next new destination.
fn next(ports: &[(u32, u16)], step: u32, count: u32) -> Option<u16> {
    let (order, port) = ports.last()?;
    let ahead = count.checked_sub(*order)?.checked_add(1)?.checked_mul(step)?;
    u16::try_from(u32::from(*port).checked_add(ahead)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(n: u8) -> SocketAddr {
        ([203, 0, 113, n], 7000).into()
    }

    fn observations(seen: &[(u32, u16)]) -> Observations {
        let mut observations = Observations::default();
        for (order, port) in seen {
            let seen = ([198, 51, 100, 1], *port).into();
            observations.on_observed(*order, by(*order as u8), seen);
        }
        observations
    }

    #[test]
    fn one_observer_says_nothing_and_two_that_agree_say_steady() {
        assert_eq!(observations(&[(1, 5000)]).mapping(1), Mapping::Unknown);
        assert_eq!(observations(&[(1, 5000), (2, 5000)]).mapping(9), Mapping::Steady);
    }

    #[test]
    fn a_nat_that_counts_is_foretold_past_the_destinations_since() {
        let seen = observations(&[(1, 5000), (2, 5001), (4, 5003)]);
        assert_eq!(seen.mapping(4), Mapping::Counting(Forecast { next: 5004, step: 1 }));
        assert_eq!(seen.mapping(7), Mapping::Counting(Forecast { next: 5007, step: 1 }));
        let by_two = observations(&[(1, 5000), (3, 5004)]);
        assert_eq!(by_two.mapping(3), Mapping::Counting(Forecast { next: 5006, step: 2 }));
    }

    #[test]
    fn anything_else_is_unpredictable() {
        for seen in [
            &[(1, 5000), (2, 41_000)][..],
            &[(1, 5000), (2, 4999)],
            &[(1, 5000), (2, 5001), (3, 5003)],
            &[(1, 65_534), (2, 65_535)],
        ] {
            assert_eq!(observations(seen).mapping(3), Mapping::Unpredictable, "{seen:?}");
        }
    }

    #[test]
    fn a_neighbour_counts_once_however_often_it_speaks() {
        let mut seen = observations(&[(1, 5000)]);
        seen.on_observed(1, by(1), ([198, 51, 100, 1], 6000).into());
        seen.on_observed(5, by(1), ([198, 51, 100, 1], 7000).into());
        assert_eq!(seen.mapping(5), Mapping::Unknown);
    }
}
