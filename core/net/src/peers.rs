//! The neighbours with a live connection. State is keyed by peer, never by connection: a second
//! connection to the same node takes the place of the first, and the overlay does not notice.

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
    /// Which connection of this peer `link` is: reports of an older one are not heard any more.
    pub(crate) generation: u64,
    /// The connection was opened by the end with the smaller name.
    dialled_by_smaller: bool,
    /// Piece bytes from and to it.
    pub(crate) received: u64,
    pub(crate) sent: u64,
    /// Bytes known to have arrived there, and what tells it: the peer's acknowledgements.
    pub(crate) acked: u64,
    pub(crate) acks_seen: u64,
    pub(crate) blocked: bool,
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

/// Who is at the other end of a new connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Newcomer {
    pub(crate) node: NodeId,
    pub(crate) dialled: bool,
    pub(crate) origin: bool,
}

/// What became of a new connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    New(PeerIndex),
    /// It took the place of an older connection of the same node.
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

    /// Takes a connection in. When both ends dialled at once, both keep the connection that the end
    /// with the smaller name opened.
    pub(crate) fn admit(
        &mut self,
        own: NodeId,
        Newcomer { node, dialled, origin }: Newcomer,
        make: impl FnOnce(PeerIndex) -> (Arc<Link>, u64, SocketAddr),
    ) -> Admission {
        let dialled_by_smaller = dialled == (own < node);
        if let Some(&index) = self.by_node.get(&node) {
            let Some(peer) = self.get_mut(index) else { return Admission::Refused };
            if peer.dialled_by_smaller && !dialled_by_smaller {
                return Admission::Refused;
            }
            let (link, generation, address) = make(index);
            peer.link.close(quinn::VarInt::from_u32(0));
            (peer.link, peer.generation, peer.address) = (link, generation, address);
            peer.dialled_by_smaller = dialled_by_smaller;
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
            dialled_by_smaller,
            received: 0,
            sent: 0,
            acked: 0,
            acks_seen: 0,
            blocked: false,
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
        let peer = self.slots.get_mut(index.0 as usize)?.take()?;
        self.by_node.remove(&peer.node);
        Some(peer)
    }

    pub(crate) fn get(&self, index: PeerIndex) -> Option<&Peer> {
        self.slots.get(index.0 as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: PeerIndex) -> Option<&mut Peer> {
        self.slots.get_mut(index.0 as usize)?.as_mut()
    }

    /// The peer if `generation` is still its connection.
    pub(crate) fn current(&mut self, index: PeerIndex, generation: u64) -> Option<&mut Peer> {
        self.get_mut(index).filter(|p| p.generation == generation)
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
