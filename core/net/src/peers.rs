//! The neighbours with a live connection. State is keyed by peer, never by connection: a second
//! connection to the same node takes the place of the first, and the overlay does not notice.
//!
//! Both ends have to keep the same one. Connections of two nodes have turns: who dials a neighbour anew,
//! because the connection that stands is not to be relied on, says that it is one later, and the
//! highest turn stays. Within a turn both have dialled at once, and the one stays that the end with the
//! smaller name opened.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use manyhands_swarm::{NodeId, PeerIndex, Time};
use quinn::ConnectionStats;

use crate::link::Link;
use crate::node::Via;
use crate::report::Outgoing;

/// Neighbours at once, at most: a mesh of 10, 30 children at 8 Mbit/s, greeters and those who leave.
pub const MAX_PEERS: usize = 128;

/// A live neighbour.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) node: NodeId,
    pub(crate) address: SocketAddr,
    pub(crate) origin: bool,
    /// It is a relay that this broadcaster has put to work.
    pub(crate) relay: bool,
    /// Since when it has been a neighbour.
    pub(crate) since: Time,
    /// How it was found.
    pub(crate) via: Via,
    pub(crate) link: Arc<Link>,
    /// Which connection of this peer `link` is: of older ones only the one before is heard, for a while.
    pub(crate) generation: u64,
    /// This end opened it.
    pub(crate) dialled: bool,
    /// Which connection of the two nodes it is, and whether the end with the smaller name opened it:
    /// the greater one stays.
    rank: (u32, bool),
    /// It is to be dialled anew since then, because this node has moved.
    pub(crate) redial: Option<Time>,
    /// When a connection has last taken the place of another one.
    pub(crate) replaced: Option<Time>,
    /// That other one and its generation, until it is closed: the neighbour may not know yet that
    /// another stands, and what it says comes there.
    before: Option<(u64, Arc<Link>)>,
    /// Piece bytes from and to it.
    pub(crate) received: u64,
    pub(crate) sent: u64,
    /// Bytes known to have arrived there, and what tells it: the peer's acknowledgements.
    pub(crate) acked: u64,
    pub(crate) acks_seen: u64,
    pub(crate) seen: Seen,
}

/// What a connection has shown of itself when it was last looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Datagrams that came, and when that was last more than before.
    pub(crate) datagrams: u64,
    pub(crate) heard: Time,
    /// Packets sent, and found lost.
    pub(crate) packets: u64,
    pub(crate) lost: u64,
    /// How much longer than a round trip the oldest piece has been on its way.
    pub(crate) waiting: Duration,
}

impl Seen {
    /// Looks at the connection again; `oldest` is for how long the oldest piece is on its way.
    pub(crate) fn update(
        &mut self,
        now: Time,
        stats: &ConnectionStats,
        oldest: Option<Duration>,
        outgoing: &mut Outgoing,
    ) {
        if stats.udp_rx.datagrams != self.datagrams {
            self.datagrams = stats.udp_rx.datagrams;
            self.heard = now;
        }
        // A connection that takes the place of another one counts from nothing again.
        outgoing.packets += stats.path.sent_packets.saturating_sub(self.packets);
        outgoing.lost += stats.path.lost_packets.saturating_sub(self.lost);
        (self.packets, self.lost) = (stats.path.sent_packets, stats.path.lost_packets);
        self.waiting = oldest.map_or(Duration::ZERO, |age| age.saturating_sub(stats.path.rtt));
    }
}

impl Peer {
    /// The turn of a connection that takes the place of this one.
    pub(crate) fn next_turn(&self) -> u32 {
        self.rank.0.saturating_add(1)
    }

    /// Carries what the connection before was given within `age` and is not known to have arrived; gives
    /// how many pieces that are.
    pub(crate) fn carry_on(&self, age: Duration) -> usize {
        self.before.as_ref().map_or(0, |(_, before)| self.link.carry_on(before, age))
    }

    /// Closes the connection whose place another one has taken.
    pub(crate) fn close_before(&mut self) {
        if let Some((_, before)) = self.before.take() {
            before.close(quinn::VarInt::from_u32(0));
        }
    }
}

/// Who is at the other end of a new connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newcomer {
    pub(crate) node: NodeId,
    pub(crate) dialled: bool,
    pub(crate) turn: u32,
    pub(crate) origin: bool,
}

/// What became of a new connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    New(PeerIndex),
    /// It took the place of an older connection of the same node, which is still open.
    Replaced(PeerIndex),
    /// The node has a better connection already, or there is no room.
    Refused,
}

/// All live neighbours, densely indexed.
#[derive(Debug)]
pub(crate) struct Peers {
    /// Connections at once, at most; a broadcaster's has room all the same.
    most: usize,
    slots: Vec<Option<Peer>>,
    by_node: BTreeMap<NodeId, PeerIndex>,
}

impl Peers {
    pub(crate) fn new(most: usize) -> Self {
        Self { most: most.min(MAX_PEERS), slots: Vec::new(), by_node: BTreeMap::new() }
    }

    /// Takes a connection in, unless a better one stands.
    pub(crate) fn admit(
        &mut self,
        own: NodeId,
        Newcomer { node, dialled, turn, origin }: Newcomer,
        make: impl FnOnce(PeerIndex) -> (Arc<Link>, u64, SocketAddr),
    ) -> Admission {
        let rank = (turn, dialled == (own < node));
        if let Some(&index) = self.by_node.get(&node) {
            let Some(peer) = self.get_mut(index) else { return Admission::Refused };
            if rank < peer.rank {
                return Admission::Refused;
            }
            let (link, generation, address) = make(index);
            peer.close_before();
            let before = std::mem::replace(&mut peer.link, link);
            peer.before = Some((peer.generation, before));
            (peer.generation, peer.address) = (generation, address);
            (peer.dialled, peer.rank, peer.redial) = (dialled, rank, None);
            // The new connection counts from nothing.
            (peer.acked, peer.acks_seen) = (0, 0);
            peer.seen = Seen { heard: peer.seen.heard, ..Seen::default() };
            return Admission::Replaced(index);
        }
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if node == own || free >= self.most + usize::from(origin) {
            return Admission::Refused;
        }
        let index = PeerIndex(free as u32);
        let (link, generation, address) = make(index);
        let peer = Peer {
            node,
            address,
            origin,
            relay: false,
            since: Time::ZERO,
            via: Via::Exchange,
            link,
            generation,
            dialled,
            rank,
            redial: None,
            replaced: None,
            before: None,
            received: 0,
            sent: 0,
            acked: 0,
            acks_seen: 0,
            seen: Seen::default(),
        };
        if free == self.slots.len() {
            self.slots.push(Some(peer));
        } else if let Some(slot) = self.slots.get_mut(free) {
            *slot = Some(peer);
        }
        self.by_node.insert(node, index);
        Admission::New(index)
    }

    pub(crate) fn remove(&mut self, index: PeerIndex) -> Option<Peer> {
        let mut peer = self.slots.get_mut(index.0 as usize)?.take()?;
        peer.close_before();
        self.by_node.remove(&peer.node);
        Some(peer)
    }

    pub(crate) fn get(&self, index: PeerIndex) -> Option<&Peer> {
        self.slots.get(index.0 as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: PeerIndex) -> Option<&mut Peer> {
        self.slots.get_mut(index.0 as usize)?.as_mut()
    }

    /// Whether that is still the peer's connection.
    pub(crate) fn is_current(&self, index: PeerIndex, generation: u64) -> bool {
        self.get(index).is_some_and(|peer| peer.generation == generation)
    }

    /// Whether what comes by that connection is of this peer: it is its connection, or the one before.
    pub(crate) fn carries(&self, index: PeerIndex, generation: u64) -> bool {
        let before = |peer: &Peer| peer.before.as_ref().is_some_and(|(g, _)| *g == generation);
        self.is_current(index, generation) || self.get(index).is_some_and(before)
    }

    pub(crate) fn knows(&self, node: NodeId) -> bool {
        self.by_node.contains_key(&node)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PeerIndex, &Peer)> {
        self.slots
            .iter()
            .enumerate()
            .filter_map(|(i, peer)| Some((PeerIndex(i as u32), peer.as_ref()?)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (PeerIndex, &mut Peer)> {
        self.slots
            .iter_mut()
            .enumerate()
            .filter_map(|(i, peer)| Some((PeerIndex(i as u32), peer.as_mut()?)))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_node.len()
    }
}
