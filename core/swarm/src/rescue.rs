//! What only the origin has left goes out first, and once.
//!
//! When a substream's uppermost peers vanish together, the pieces of the gap are with the origin
//! alone, and everybody asks it for them at the same moment. Answered like any repair they waited
//! behind everything live, and copy upon copy was refused: nobody had one for a second (16 viewers of
//! which 5 vanish, simulated). So the first who asks gets each such piece before all else and
//! passes it on; who asks after that is served as ever, or finds it with others.
//!
//! Bounds: pieces of the last [`RECENT_MS`], [`MAX_RESCUED`] remembered.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::lane::LaneId;
use crate::tree::For;
use crate::uplink::{Class, Entry};
use crate::{Mechanism, PeerIndex, PieceId, Swarm, Time};

/// Older pieces help nobody: the clocks have passed them (target latencies stay under 2 s).
const RECENT_MS: u32 = 2_000;
/// As long as a piece is recent.
const MEMORY: Duration = Duration::from_millis(2_000);
/// Pieces that were rescued lately: 2 s of 16 substreams at 10 chunks a second.
const MAX_RESCUED: usize = 320;

/// Who got the only copy of a piece, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rescued(BTreeMap<PieceId, (PeerIndex, Time)>);

impl Rescued {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn forget(&mut self, peer: PeerIndex) {
        self.0.retain(|_, (to, _)| *to != peer);
    }

    pub(crate) fn expire(&mut self, now: Time) {
        self.0.retain(|_, (_, at)| now.since(*at) < MEMORY);
    }
}

impl Swarm {
    /// Sends a piece that no living neighbour has, at once; false where others have it or it comes
    /// too late.
    pub(crate) fn rescue(&mut self, now: Time, peer: PeerIndex, piece: PieceId, len: u32) -> bool {
        if !self.is_root()
            || !self.has(Mechanism::Rescue)
            || self.allowance == Some(0)
            || !self.is_only_copy(now, &piece)
        {
            return false;
        }
        let Some(generation) = self.peers.get(peer).map(|p| p.generation) else { return false };
        if self.rescued.0.len() >= MAX_RESCUED {
            return false;
        }
        self.rescued.0.insert(piece, (peer, now));
        self.counters.rescues += 1;
        let due = u64::from(piece.chunk);
        let rank = For::Asker as u16;
        let entry = Entry { due, rank, number: 0, peer, generation, piece, len, queued: now };
        self.uplink.push(Class::Rescue, entry)
    }

    fn is_only_copy(&self, now: Time, piece: &PieceId) -> bool {
        let Some(track) = self.track(piece.track) else { return false };
        let at = |chunk| track.have.capture_ms(chunk);
        let newest = track.have.newest().and_then(at);
        let recent = newest.zip(at(piece.chunk)).is_some_and(|(n, c)| c + RECENT_MS >= n);
        let lane = self.lane(LaneId { track: piece.track, substream: piece.substream });
        let lives = |peer| self.peers.get(peer).is_some() && !self.is_doubtful(now, peer);
        let pushed = lane.into_iter().flat_map(|l| &l.children).any(|c| {
            c.takes(piece.chunk) && c.after.is_none_or(|after| piece.chunk > after) && lives(c.peer)
        });
        let rescued = self.rescued.0.get(piece).is_some_and(|(to, _)| lives(*to));
        recent && !pushed && !rescued
    }
}
