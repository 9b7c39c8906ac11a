//! No unverified byte is used: what a node plays or passes on it has verified itself.
//!
//! The simulator has no bytes, but it has peers that damage what they pass on (`forgers`), and a
//! driver that verifies. Sabotage: `no-verify`, a driver that doesn't.

use manyhands_swarm::PieceId;

use crate::scenario::Media;

/// Pieces of one part at most (SECURITY, PIECE).
const PARTS: usize = 16;
/// Video and sound.
const TRACKS: usize = 2;

/// Which pieces each node has verified, a bit each.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    lanes: usize,
    nodes: Vec<Vec<u64>>,
}

impl Verified {
    pub(crate) fn new(media: &Media) -> Self {
        Self { lanes: usize::from(media.k) + usize::from(media.parity), nodes: Vec::new() }
    }

    fn place(&self, piece: &PieceId) -> (usize, u64) {
        let lane = piece.chunk as usize * self.lanes + usize::from(piece.substream);
        let bit = (lane * TRACKS + usize::from(piece.track)) * PARTS + usize::from(piece.part);
        (bit / 64, 1 << (bit % 64))
    }

    pub(crate) fn note(&mut self, node: u32, piece: &PieceId) {
        let (word, bit) = self.place(piece);
        let node = node as usize;
        if self.nodes.len() <= node {
            self.nodes.resize_with(node + 1, Vec::new);
        }
        let words = &mut self.nodes[node];
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        words[word] |= bit;
    }

    pub(crate) fn has(&self, node: u32, piece: &PieceId) -> bool {
        let (word, bit) = self.place(piece);
        let words = self.nodes.get(node as usize);
        words.and_then(|w| w.get(word)).is_some_and(|w| w & bit != 0)
    }

    /// A new run has begun there: its pieces bear the old ones' numbers.
    pub(crate) fn forget(&mut self, node: u32) {
        if let Some(words) = self.nodes.get_mut(node as usize) {
            words.clear();
        }
    }
}
