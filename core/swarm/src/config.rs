//! What the driver tells the overlay about itself, its tracks and its neighbours.

use core::net::SocketAddr;
use core::time::Duration;

use crate::peer::MAX_PEERS;
use crate::{Mechanisms, NodeId, TrackId};

/// What a node does in the overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Publishes the pieces; the root of every tree.
    Origin,
    /// Receives every piece and passes on what its allowance permits.
    Viewer,
    /// As a viewer, but nobody watches on it.
    Relay,
}

/// How one node takes part. Everything random follows from `seed`.
#[derive(Clone, Debug)]
pub struct Config {
    /// What this node does.
    pub role: Role,
    /// Its own name.
    pub node: NodeId,
    /// Decides every random choice of this node.
    pub seed: u64,
    /// Whether it may ever serve others; `false` counts as an allowance of 0.
    pub can_upload: bool,
    /// Whether it dials nodes that others have named, and sends packets to meet them. A relay doesn't,
    /// nor does a broadcaster behind relays: whoever wants them dials them.
    pub dials: bool,
    /// Part of the allowance that slots are cut from. The rest carries repair, control and bursts
    /// (0.85: `evidence/swarm-findings.md`, section 2; .7 lengthened the paths).
    pub fill: f32,
    /// Bits a second of the allowance that slots are not cut from at all, whatever the stream's rate:
    /// digests, acknowledgements and beats of some twenty connections. (Measured at 24 viewers:
    /// 95 kbit/s at rest, 200 while they gather. An uplink of 1.6 Mbit/s that kept nothing for it was
    /// full for the first 15 seconds.) At most an eighth of the allowance.
    pub upkeep_bps: u64,
    /// What the origin gives of each track, as a multiple of the track's rate, once there are more
    /// than [`Config::small_group`] viewers (11 slots at K = 8: DESIGN, "Slots").
    pub origin_share: f32,
    /// Up to this many viewers the origin gives all of its allowance (DESIGN, "Slots").
    pub small_group: u32,
    /// Below this slot ratio the origin gives all of its allowance (DESIGN, "Slots").
    pub short_ratio: f32,
    /// Connections at once, at most. Near that, those that carry nothing make room for newcomers.
    pub neighbours: usize,
    /// How many neighbours' have-maps to follow for repair (6 to 8 suffice: findings, section 7).
    pub partners: usize,
    /// What it does besides the bare trees. Only a test run takes any of it away.
    pub mechanisms: Mechanisms,
    /// Forward pieces to children. Only a sabotaged test run turns it off.
    pub forward: bool,
    /// Believe no neighbour an address that it may not name. Only a sabotaged test run turns it off.
    pub wary: bool,
}

impl Config {
    /// Bits a second of an allowance that slots are cut from.
    #[must_use]
    pub fn budget_bps(&self, allowance: u64) -> u64 {
        /// Upkeep is no larger a part of the allowance.
        const MOST_UPKEEP: u64 = 8;
        let upkeep = self.upkeep_bps.min(allowance / MOST_UPKEEP);
        ((allowance - upkeep) as f64 * f64::from(self.fill)) as u64
    }

    /// The defaults that DESIGN.md names, for a node that may serve others.
    #[must_use]
    pub const fn new(role: Role, node: NodeId, seed: u64) -> Self {
        Self {
            role,
            node,
            seed,
            can_upload: true,
            dials: !matches!(role, Role::Relay),
            fill: 0.85,
            upkeep_bps: 120_000,
            origin_share: 1.375,
            small_group: 12,
            short_ratio: 1.15,
            neighbours: MAX_PEERS,
            partners: 8,
            mechanisms: Mechanisms::ALL,
            forward: true,
            wary: true,
        }
    }
}

/// One track of the broadcast as the head describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackConfig {
    /// Its number.
    pub track: TrackId,
    /// Substreams that carry data (1..=16).
    pub k: u8,
    /// Whether one more substream carries the XOR of the others.
    pub parity: bool,
    /// Milliseconds of media in a chunk.
    pub chunk_ms: u16,
    /// Rate of the whole track on the wire, in bits a second.
    pub wire_bps: u32,
}

/// A neighbour that has just been connected and has proven its membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerInfo {
    /// Who it is.
    pub node: NodeId,
    /// Its address as this node observes it; where others may be told to dial it.
    pub address: SocketAddr,
    /// Whether this node dialled it (otherwise it dialled us).
    pub dialled: bool,
    /// Whether it has proven to be the broadcaster.
    pub origin: bool,
    /// Whether others can dial it at `address`.
    pub dialable: bool,
    /// Nobody is to learn from this node where it is, nor that it is there.
    pub hidden: bool,
}

/// What the transport knows about the way to a neighbour. Report it at least each 100 ms while
/// pieces are on the way, and at once when `blocked` changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkReport {
    /// Bytes that the neighbour has acknowledged since the connection began.
    pub acked_bytes: u64,
    /// Bytes of pieces handed to the transport that have not left yet.
    pub queued_bytes: u32,
    /// Smoothed round-trip time.
    pub rtt: Duration,
    /// The transport can't take another piece now (congestion or stream limit).
    pub blocked: bool,
}
