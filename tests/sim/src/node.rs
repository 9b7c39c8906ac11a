//! One simulated node: the state machine that ships, its wires, its clock, its player, and what a
//! driver keeps for it.

use manyhands_swarm::{NodeId, Role, Swarm};

use crate::clock::Clock;
use crate::link::Wires;
use crate::player::{Player, Watched};

/// In the place of a node's number where there is no node.
pub(crate) const NOBODY: u32 = u32::MAX;

/// One end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Conn {
    /// The node at the other end.
    pub(crate) other: u32,
    /// When it began; tells it from an earlier one with the same node.
    pub(crate) since: u64,
    /// Bytes of pieces sent and not yet acknowledged.
    pub(crate) open_bytes: u64,
    pub(crate) acked_bytes: u64,
    /// Something changed since the transport was last asked.
    pub(crate) stirred: bool,
    /// Control messages arrive in order.
    pub(crate) control_at: u64,
    pub(crate) rtt_us: u64,
    /// Acknowledgements on their way here: when they come, and of how many bytes.
    pub(crate) coming: Vec<(u64, u32)>,
}

impl Conn {
    /// One way, without jitter.
    pub(crate) const fn delay_us(&self) -> u64 {
        self.rtt_us / 2
    }

    /// Takes in the acknowledgements that have come by now.
    pub(crate) fn count_acks(&mut self, now: u64) {
        let Self { coming, acked_bytes, open_bytes, stirred, .. } = self;
        coming.retain(|(at, bytes)| {
            let here = *at <= now;
            if here {
                *acked_bytes += u64::from(*bytes);
                *open_bytes = open_bytes.saturating_sub(u64::from(*bytes));
                *stirred = true;
            }
            !here
        });
    }
}

/// Bytes a node has put on the wire and taken off it, by kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) pieces: u64,
    pub(crate) control: u64,
    pub(crate) framing: u64,
    pub(crate) acks: u64,
    /// Packets sent once more.
    pub(crate) resent: u64,
}

impl Traffic {
    pub(crate) const fn all(&self) -> u64 {
        self.pieces + self.control + self.framing + self.acks + self.resent
    }

    pub(crate) const fn merge(&mut self, other: &Self) {
        self.pieces += other.pieces;
        self.control += other.control;
        self.framing += other.framing;
        self.acks += other.acks;
        self.resent += other.resent;
    }
}

/// A node and everything around it.
pub(crate) struct Node {
    pub(crate) name: NodeId,
    pub(crate) role: Role,
    pub(crate) alive: bool,
    /// It gives nothing any more; it goes when it is drained.
    pub(crate) leaving: bool,
    /// Nothing comes in or goes out, though it runs.
    pub(crate) offline: bool,
    /// Its program stands still until then.
    pub(crate) paused_until: u64,
    /// It accepts children and does not forward.
    pub(crate) black_hole: bool,
    /// It damages some of what it passes on.
    pub(crate) forges: bool,
    pub(crate) swarm: Swarm,
    pub(crate) wires: Wires,
    pub(crate) clock: Clock,
    /// A viewer's, once it has come.
    pub(crate) player: Option<Player>,
    pub(crate) conns: Vec<Option<Conn>>,
    /// The node at the other end of each connection; [`NOBODY`] where there is none. Beside `conns`,
    /// so that looking for one touches few lines of memory.
    pub(crate) others: Vec<u32>,
    pub(crate) wake_at: u64,
    pub(crate) came_at: u64,
    pub(crate) upload_bps: u64,
    pub(crate) run: u32,
    /// Heads with another rate that it knows of.
    pub(crate) heads: usize,
    pub(crate) sent: Traffic,
    pub(crate) received: Traffic,
    /// Times it has looked for members.
    pub(crate) dials: u32,
    /// Dials under way.
    pub(crate) dialling: u32,
}

impl Node {
    /// The index under which the swarm knows a node, if it is connected.
    pub(crate) fn peer_of(&self, other: u32) -> Option<u32> {
        self.others.iter().position(|o| *o == other).map(|at| at as u32)
    }

    pub(crate) fn conn(&mut self, peer: u32) -> Option<&mut Conn> {
        self.conns.get_mut(peer as usize)?.as_mut()
    }

    /// A free index, the lowest first.
    pub(crate) fn attach(&mut self, conn: Conn) -> u32 {
        let free = self.conns.iter().position(Option::is_none).unwrap_or_else(|| {
            self.conns.push(None);
            self.others.push(NOBODY);
            self.conns.len() - 1
        });
        self.others[free] = conn.other;
        self.conns[free] = Some(conn);
        free as u32
    }

    pub(crate) fn detach(&mut self, peer: u32) -> Option<Conn> {
        let conn = self.conns.get_mut(peer as usize)?.take()?;
        self.others[peer as usize] = NOBODY;
        Some(conn)
    }

    /// Takes all connections away at once.
    pub(crate) fn cut_off(&mut self) -> Vec<Conn> {
        self.others.fill(NOBODY);
        self.conns.iter_mut().filter_map(Option::take).collect()
    }

    /// Its player has ended.
    pub(crate) fn finish(&mut self, world: u64) {
        if let Some(player) = &mut self.player {
            player.finish(world);
        }
    }

    /// What its viewer has gone through; nothing if nobody watches here.
    pub(crate) fn watched(&self) -> Option<&Watched> {
        self.player.as_ref().map(Player::watched)
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.others.iter().all(|o| *o == NOBODY)
    }
}
