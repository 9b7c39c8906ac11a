//! A NAT for UDP with the behaviours of RFC 4787 as parameters. Pure: time comes in as nanoseconds.
//!
//! A mapping is made by what goes out and refreshed by what goes out (RFC 4787, REQ-6); what comes
//! in passes only by a mapping and its filter. Nothing else opens anything.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Mappings at once, at most; a program here talks to a few hundred others.
const MAX_MAPPINGS: usize = 4_096;
/// The ports that a NAT hands out (RFC 4787, section 4.2.2: not the well-known ones).
const PORTS: std::ops::RangeInclusive<u16> = 1_024..=65_535;
/// RFC 4787, REQ-5: a mapping lives for two minutes at least.
const LIFETIME: Duration = Duration::from_secs(120);

/// What a mapping or a filter depends on (RFC 4787, sections 4.1 and 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependence {
    /// On nothing beyond the inside endpoint.
    EndpointIndependent,
    /// On the other end's address.
    AddressDependent,
    /// On the other end's address and port.
    AddressAndPortDependent,
}

/// Which outside port a new mapping gets (RFC 4787, section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// The inside port where it is free.
    Preserving,
    /// One more than the last one.
    Counting,
    /// Any.
    Random,
}

/// How a NAT behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behaviour {
    /// When one inside endpoint keeps its outside port.
    pub mapping: Dependence,
    /// From whom a mapping lets in.
    pub filtering: Dependence,
    /// Which port a new mapping gets.
    pub assignment: Assignment,
    /// Whether an inside endpoint reaches its own side by the outside address (RFC 4787, section 6).
    pub hairpin: bool,
    /// How long a mapping lives after the last packet that went out.
    pub lifetime: Duration,
}

/// The seven ways of being on the network that the lab knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No NAT.
    Open,
    /// Anybody may send to a mapping.
    FullCone,
    /// Whoever's address was sent to may answer.
    AddressRestricted,
    /// Whoever's address and port were sent to may answer.
    PortRestricted,
    /// A mapping of its own for every destination; ports count up.
    SymmetricCounting,
    /// A mapping of its own for every destination; ports are random.
    SymmetricRandom,
    /// Port-restricted behind port-restricted, as at home behind a carrier's NAT.
    Double,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::FullCone,
        Self::AddressRestricted,
        Self::PortRestricted,
        Self::SymmetricCounting,
        Self::SymmetricRandom,
        Self::Double,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::FullCone => "full-cone",
            Self::AddressRestricted => "address-restricted",
            Self::PortRestricted => "port-restricted",
            Self::SymmetricCounting => "symmetric-counting",
            Self::SymmetricRandom => "symmetric-random",
            Self::Double => "double",
        }
    }

    /// The NATs on the way out, the innermost first.
    pub fn behaviours(self) -> Vec<Behaviour> {
        use Dependence::{AddressAndPortDependent, AddressDependent, EndpointIndependent};
        let cone = |filtering| Behaviour {
            mapping: EndpointIndependent,
            filtering,
            assignment: Assignment::Preserving,
            hairpin: false,
            lifetime: LIFETIME,
        };
        let symmetric = |assignment| Behaviour {
            mapping: AddressAndPortDependent,
            assignment,
            ..cone(AddressAndPortDependent)
        };
        match self {
            Self::Open => Vec::new(),
            Self::FullCone => vec![cone(EndpointIndependent)],
            Self::AddressRestricted => vec![cone(AddressDependent)],
            Self::PortRestricted => vec![cone(AddressAndPortDependent)],
            Self::SymmetricCounting => vec![symmetric(Assignment::Counting)],
            Self::SymmetricRandom => vec![symmetric(Assignment::Random)],
            Self::Double => vec![cone(AddressAndPortDependent); 2],
        }
    }
}

/// A NAT at work.
#[derive(Debug)]
pub struct Nat {
    behaviour: Behaviour,
    outside: Ipv4Addr,
    random: ChaCha8Rng,
    last_port: u16,
    /// By inside endpoint and the part of the destination that the mapping depends on.
    mappings: BTreeMap<(SocketAddrV4, SocketAddrV4), Mapping>,
}

#[derive(Debug)]
struct Mapping {
    port: u16,
    used: u64,
    /// The parts of the destinations that the filter depends on, and when they were last sent to.
    sent_to: BTreeMap<SocketAddrV4, u64>,
}

impl Nat {
    /// A NAT with one outside address; `seed` decides its ports.
    pub fn new(behaviour: Behaviour, outside: Ipv4Addr, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(u64::from(u32::from(outside)));
        let last_port = random.random_range(20_000..40_000);
        Self { behaviour, outside, random, last_port, mappings: BTreeMap::new() }
    }

    /// A datagram goes out: the endpoint that the other end sees, or nothing when there is no room.
    pub fn handle_outbound(
        &mut self,
        now: u64,
        inside: SocketAddrV4,
        to: SocketAddrV4,
    ) -> Option<SocketAddrV4> {
        self.expire(now);
        let key = (inside, part(self.behaviour.mapping, to));
        if !self.mappings.contains_key(&key) {
            let port = self.assign(inside.port()).filter(|_| self.mappings.len() < MAX_MAPPINGS)?;
            self.mappings.insert(key, Mapping { port, used: now, sent_to: BTreeMap::new() });
        }
        let filter = part(self.behaviour.filtering, to);
        let mapping = self.mappings.get_mut(&key)?;
        mapping.used = now;
        mapping.sent_to.insert(filter, now);
        Some(SocketAddrV4::new(self.outside, mapping.port))
    }

    /// A datagram comes in at an outside port: the inside endpoint that gets it, if any does.
    pub fn handle_inbound(
        &mut self,
        now: u64,
        from: SocketAddrV4,
        port: u16,
    ) -> Option<SocketAddrV4> {
        self.expire(now);
        let filter = part(self.behaviour.filtering, from);
        let lets_in = |m: &Mapping| m.port == port && m.sent_to.contains_key(&filter);
        self.mappings.iter().find(|(_, m)| lets_in(m)).map(|((inside, _), _)| *inside)
    }

    /// Whether what an inside endpoint sends to the outside address comes back in.
    pub fn hairpins(&self) -> bool {
        self.behaviour.hairpin
    }

    /// The address that the other side sees.
    pub fn outside(&self) -> Ipv4Addr {
        self.outside
    }

    fn expire(&mut self, now: u64) {
        let lifetime = u64::try_from(self.behaviour.lifetime.as_nanos()).unwrap_or(u64::MAX);
        self.mappings.retain(|_, m| {
            m.sent_to.retain(|_, at| now.saturating_sub(*at) < lifetime);
            now.saturating_sub(m.used) < lifetime
        });
    }

    fn assign(&mut self, inside: u16) -> Option<u16> {
        let taken = |port| self.mappings.values().any(|m| m.port == port);
        let preserved =
            self.behaviour.assignment == Assignment::Preserving && PORTS.contains(&inside);
        if preserved && !taken(inside) {
            return Some(inside);
        }
        let mut next = match self.behaviour.assignment {
            Assignment::Random => self.random.random_range(PORTS),
            _ => self.last_port,
        };
        for _ in PORTS {
            next = if next == *PORTS.end() { *PORTS.start() } else { next + 1 };
            if !taken(next) {
                self.last_port = next;
                return Some(next);
            }
        }
        None
    }
}

/// The part of an endpoint that something depends on; the rest is zero.
fn part(dependence: Dependence, endpoint: SocketAddrV4) -> SocketAddrV4 {
    match dependence {
        Dependence::EndpointIndependent => SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
        Dependence::AddressDependent => SocketAddrV4::new(*endpoint.ip(), 0),
        Dependence::AddressAndPortDependent => endpoint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 2), 7000);
    const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 18, 1, 1);
    const SECOND: u64 = 1_000_000_000;

    fn remote(host: u8, port: u16) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(198, 18, host, 1), port)
    }

    fn nat(kind: Kind) -> Nat {
        Nat::new(kind.behaviours().remove(0), OUTSIDE, 1)
    }

    /// The ports that three destinations see: one, the same host's other port, another host.
    fn seen(nat: &mut Nat) -> [u16; 3] {
        [remote(2, 1000), remote(2, 2000), remote(3, 1000)]
            .map(|to| nat.handle_outbound(0, INSIDE, to).expect("room").port())
    }

    #[test]
    fn cones_show_one_port_to_everybody_and_symmetric_ones_another_to_each() {
        for kind in [Kind::FullCone, Kind::AddressRestricted, Kind::PortRestricted, Kind::Double] {
            assert_eq!(seen(&mut nat(kind)), [7000; 3], "{kind:?}");
        }
        let [a, b, c] = seen(&mut nat(Kind::SymmetricCounting));
        assert_eq!((b, c), (a + 1, a + 2));
        let [a, b, c] = seen(&mut nat(Kind::SymmetricRandom));
        assert!(b.abs_diff(a) > 16 && c.abs_diff(b) > 16, "{a} {b} {c}");
    }

    #[test]
    fn each_kind_lets_in_whom_its_filter_names() {
        let answers = |kind| {
            let mut nat = nat(kind);
            let port = nat.handle_outbound(0, INSIDE, remote(2, 1000)).expect("room").port();
            [remote(2, 1000), remote(2, 2000), remote(3, 1000)]
                .map(|from| nat.handle_inbound(1, from, port) == Some(INSIDE))
        };
        assert_eq!(answers(Kind::FullCone), [true, true, true]);
        assert_eq!(answers(Kind::AddressRestricted), [true, true, false]);
        for kind in
            [Kind::PortRestricted, Kind::SymmetricCounting, Kind::SymmetricRandom, Kind::Double]
        {
            assert_eq!(answers(kind), [true, false, false], "{kind:?}");
        }
    }

    #[test]
    fn nothing_comes_in_before_something_went_out() {
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Open) {
            assert_eq!(nat(kind).handle_inbound(0, remote(2, 1000), 7000), None, "{kind:?}");
        }
    }

    #[test]
    fn a_mapping_lives_by_what_goes_out_and_not_by_what_comes_in() {
        let mut nat = nat(Kind::PortRestricted);
        let from = remote(2, 1000);
        nat.handle_outbound(0, INSIDE, from).expect("room");
        assert_eq!(nat.handle_inbound(119 * SECOND, from, 7000), Some(INSIDE));
        nat.handle_outbound(119 * SECOND, INSIDE, from).expect("room");
        assert_eq!(nat.handle_inbound(238 * SECOND, from, 7000), Some(INSIDE));
        assert_eq!(nat.handle_inbound(239 * SECOND, from, 7000), None);
    }

    #[test]
    fn two_inside_endpoints_never_share_a_port() {
        let mut nat = nat(Kind::FullCone);
        let other = SocketAddrV4::new(Ipv4Addr::new(192, 168, 1, 3), 7000);
        let first = nat.handle_outbound(0, INSIDE, remote(2, 1)).expect("room");
        let second = nat.handle_outbound(0, other, remote(2, 1)).expect("room");
        assert_ne!(first.port(), second.port());
        assert_eq!(nat.handle_inbound(1, remote(9, 9), second.port()), Some(other));
    }

    #[test]
    fn the_same_seed_gives_the_same_ports() {
        let ports = |seed| {
            let behaviour = Kind::SymmetricRandom.behaviours().remove(0);
            seen(&mut Nat::new(behaviour, OUTSIDE, seed))
        };
        assert_eq!(ports(4), ports(4));
        assert_ne!(ports(4), ports(5));
    }
}
