//! Figures of a node, as its session shows them.

use std::net::SocketAddr;
use std::time::Duration;

use manyhands_swarm as swarm;

use crate::mapping::Observations;

/// Bytes in one direction, by what they were for (names as in the command line's `stats` event).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Useful sealed payload pushed live.
    pub media: u64,
    /// Useful sealed payload that had been asked for.
    pub repair: u64,
    /// Payload that was here already.
    pub duplicate: u64,
    /// Control frames.
    pub control: u64,
    /// Payload that failed its check.
    pub rejected: u64,
    /// Everything on the UDP socket, and through tunnels.
    pub datagram: u64,
}

/// Where useful payload came from, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sources {
    /// Straight from the broadcaster.
    pub origin: u64,
    /// From other viewers.
    pub peer: u64,
}

/// How a socket is seen from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visibility {
    /// Who sees it where; the newest last, at most 16.
    pub sights: Vec<Sight>,
    /// What follows for the NAT in front (RFC 4787, section 4.1).
    pub mapping: swarm::Mapping,
}

/// What one other end says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// Who says it.
    pub by: SocketAddr,
    /// Where it sees the socket.
    pub seen: SocketAddr,
}

impl Visibility {
    /// After `count` destinations.
    pub(crate) fn of(observations: &Observations, count: u32) -> Self {
        let sights = observations.sights().map(|(by, seen)| Sight { by, seen }).collect();
        Self { sights, mapping: observations.mapping(count) }
    }
}

/// One neighbour in the live table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerReport {
    /// Its short name.
    pub name: String,
    /// It is the broadcaster.
    pub origin: bool,
    /// It is a relay that this broadcaster has put to work.
    pub relay: bool,
    /// Piece bytes that came from it.
    pub received: u64,
    /// Piece bytes given to it.
    pub sent: u64,
    /// The last round trip, in microseconds.
    pub rtt_us: u64,
    /// Substreams (of all tracks) that it feeds to us.
    pub feeds: u32,
    /// Substreams (of all tracks) that we feed to it.
    pub fed: u32,
    /// This node has dialled it.
    pub dialled: bool,
    /// UDP is blocked on the way: its datagrams take a tunnel through TCP.
    pub tunnelled: bool,
    /// Since anything came from it.
    pub silent: Duration,
    /// How much longer than a round trip the oldest piece has been on its way to it.
    pub waiting: Duration,
}

/// How well this node's own pieces get away, since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Packets sent to all neighbours.
    pub packets: u64,
    /// Of these, found lost.
    pub lost: u64,
    /// Since anybody confirmed anything; nothing if nobody ever did.
    pub unconfirmed: Option<Duration>,
}

/// Everything a node counts.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What left.
    pub sent: Traffic,
    /// What came.
    pub received: Traffic,
    /// Where it came from.
    pub from: Sources,
    /// The neighbours.
    pub peers: Vec<PeerReport>,
    /// Who has dialled this node and is proving its place: neighbours in a moment, most of them.
    pub greeting: usize,
    /// The overlay's own figures, once the node has begun.
    pub swarm: Option<swarm::Stats>,
    /// How well its pieces get away: the overlay's part of it, once the node has begun.
    pub sending: Option<swarm::Sending>,
    /// And the network's.
    pub outgoing: Outgoing,
    /// How neighbours see this node.
    pub visibility: Visibility,
    /// Events that the session was too slow to take.
    pub lost_events: u64,
}
