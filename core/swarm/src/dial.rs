//! Dials under way, and what they are for.
//!
//! Invariants: at most [`MAX_DIALS`] at once; at most [`UNANSWERED`] dials a minute to one network
//! that have not led to a connection, so that introductions can't be used as a packet cannon
//! (SECURITY 6).

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::BTreeMap;

use crate::message::Attach;
use crate::{Contact, NodeId, PeerIndex, Swarm, Time};

/// Dials at once: a full node's children, partners and newcomers in one second stay under it.
const MAX_DIALS: usize = 64;
/// The driver's own limit for a handshake should be shorter; this only cleans up after it.
const DIAL_TIMEOUT: Duration = Duration::from_secs(4);
/// Introductions a minute to one /24 or /48 that have not been answered (SECURITY 6).
const UNANSWERED: u32 = 10;
/// On loopback and private networks many members share a prefix.
const UNANSWERED_NEARBY: u32 = 240;
const BUDGET_PERIOD: Duration = Duration::from_secs(60);
/// Networks counted at once.
const MAX_NETWORKS: usize = 256;

/// Purposes of one dial at most: a slot in each substream of several tracks, and all others.
const MAX_PURPOSES: usize = 32;

/// Why a node is dialled.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// To give it a slot.
    Grant(Attach),
    /// To be greeted by it.
    Greet { index: u8, share: bool },
    /// To ask it for greeters.
    Join,
    /// To follow its digests.
    Partner,
    /// To ask the origin for a slot wherever one is lacking.
    Root,
}

impl Purpose {
    /// Whether one of the two is enough: a newer question for a slot takes the older one's place.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Grant(a), Self::Grant(b)) => (a.track, a.substream) == (b.track, b.substream),
            (a, b) => core::mem::discriminant(a) == core::mem::discriminant(b),
        }
    }
}

#[derive(Clone, Debug)]
struct Dial {
    contact: Contact,
    since: Time,
    purposes: Vec<Purpose>,
}

/// The dials under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dials {
    open: BTreeMap<NodeId, Dial>,
    budget: BTreeMap<[u8; 7], (Time, u32)>,
}

/// The /24 or /48 of an address, with a byte that tells the families apart.
fn network(address: &SocketAddr) -> [u8; 7] {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            [4, a, b, c, 0, 0, 0]
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, ..] = ip.octets();
            [6, a, b, c, d, e, f]
        }
    }
}

fn is_nearby(address: &SocketAddr) -> bool {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

impl Dials {
    /// Adds a purpose; true if the node has to be dialled now, `None` if it must not be.
    fn add(&mut self, now: Time, contact: Contact, purpose: Purpose) -> Option<bool> {
        if let Some(dial) = self.open.get_mut(&contact.node) {
            // The same again, while it takes long: once is enough, or all of it goes out when it succeeds.
            dial.purposes.retain(|old| !old.is_same(&purpose));
            dial.purposes.push(purpose);
            dial.purposes.truncate(MAX_PURPOSES);
            return Some(false);
        }
        if self.open.len() >= MAX_DIALS || !self.spend(now, &contact.address) {
            return None;
        }
        self.open.insert(contact.node, Dial { contact, since: now, purposes: vec![purpose] });
        Some(true)
    }

    fn spend(&mut self, now: Time, address: &SocketAddr) -> bool {
        self.budget.retain(|_, (since, _)| now.since(*since) < BUDGET_PERIOD);
        let key = network(address);
        if self.budget.len() >= MAX_NETWORKS && !self.budget.contains_key(&key) {
            return false;
        }
        let (_, spent) = self.budget.entry(key).or_insert((now, 0));
        let limit = if is_nearby(address) { UNANSWERED_NEARBY } else { UNANSWERED };
        *spent += 1;
        *spent <= limit
    }

    /// The dial to `node` has led to a connection: its budget is given back.
    pub(crate) fn connected(&mut self, _now: Time, node: &NodeId) -> Vec<Purpose> {
        let Some(dial) = self.open.remove(node) else { return Vec::new() };
        if let Some((_, spent)) = self.budget.get_mut(&network(&dial.contact.address)) {
            *spent = spent.saturating_sub(1);
        }
        dial.purposes
    }

    pub(crate) fn failed(&mut self, node: &NodeId) {
        self.open.remove(node);
    }

    /// Slots that are promised to nodes being dialled.
    pub(crate) fn promised(&self) -> impl Iterator<Item = &Attach> {
        self.open.values().flat_map(|d| &d.purposes).filter_map(|p| match p {
            Purpose::Grant(attach) => Some(attach),
            _ => None,
        })
    }

    pub(crate) fn to_partners(&self) -> usize {
        let partner = |d: &&Dial| d.purposes.iter().any(|p| matches!(p, Purpose::Partner));
        self.open.values().filter(partner).count()
    }

    pub(crate) fn is_open(&self, node: &NodeId) -> bool {
        self.open.contains_key(node)
    }
}

impl Swarm {
    /// Does `purpose` at once if the node is connected, else after dialling it.
    pub(crate) fn reach(&mut self, now: Time, contact: Contact, purpose: Purpose) {
        if contact.node == self.config.node {
            return;
        }
        if let Some(peer) = self.peers.find(&contact.node) {
            self.on_dialled(now, peer, purpose);
        } else if self.config.dials && self.dials.add(now, contact, purpose) == Some(true) {
            self.begin_dial(now, contact);
        }
    }

    pub(crate) fn on_dialled(&mut self, now: Time, peer: PeerIndex, purpose: Purpose) {
        match purpose {
            Purpose::Grant(attach) => self.grant_late(now, peer, attach),
            Purpose::Greet { index, share } => self.greet(now, peer, index, share),
            Purpose::Join => self.send_join(now, peer),
            Purpose::Partner => self.follow(now, peer),
            Purpose::Root => self.hurry_orphans(now),
        }
    }

    pub(crate) fn expire_dials(&mut self, now: Time) {
        let old = |d: &Dial| now.since(d.since) > DIAL_TIMEOUT;
        let late: Vec<Contact> =
            self.dials.open.values().filter(|d| old(d)).map(|d| d.contact).collect();
        for contact in late {
            self.handle_connect_failed(now, contact);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(n: u8, ip: [u8; 4]) -> Contact {
        Contact { node: NodeId([n; 16]), address: (ip, 4_000).into() }
    }

    #[test]
    fn unanswered_dials_to_one_network_are_limited_and_answered_ones_are_not() {
        let mut dials = Dials::default();
        let now = Time::from_millis(1);
        for n in 0..40 {
            let to = contact(n, [203, 0, 113, n]);
            assert_eq!(dials.add(now, to, Purpose::Join), Some(true), "{n}");
            assert_eq!(dials.connected(now, &to.node).len(), 1);
        }
        let given = (40..80).filter(|n| {
            let to = contact(*n, [203, 0, 113, *n]);
            let dialled = dials.add(now, to, Purpose::Join) == Some(true);
            dials.failed(&to.node);
            dialled
        });
        assert_eq!(given.count(), UNANSWERED as usize);
        let elsewhere = contact(99, [198, 51, 100, 1]);
        assert_eq!(dials.add(now, elsewhere, Purpose::Join), Some(true));
        let later = now + BUDGET_PERIOD;
        let again = contact(98, [203, 0, 113, 9]);
        assert_eq!(dials.add(later, again, Purpose::Join), Some(true));
    }

    #[test]
    fn one_dial_serves_several_purposes() {
        let mut dials = Dials::default();
        let to = contact(1, [10, 0, 0, 1]);
        assert_eq!(dials.add(Time::ZERO, to, Purpose::Join), Some(true));
        assert_eq!(dials.add(Time::ZERO, to, Purpose::Partner), Some(false));
        assert_eq!(dials.connected(Time::ZERO, &to.node).len(), 2);
    }

    #[test]
    fn what_is_wanted_again_while_a_dial_lasts_is_done_once() {
        let mut dials = Dials::default();
        let to = contact(1, [10, 0, 0, 1]);
        for _ in 0..20 {
            let _ = dials.add(Time::ZERO, to, Purpose::Root);
            let _ = dials.add(Time::ZERO, to, Purpose::Join);
        }
        assert_eq!(dials.connected(Time::ZERO, &to.node).len(), 2);
    }
}
