//! Bounded state: whatever happens, a node's state machine stays small.
//!
//! Measured as the length of all of it written out, so that a collection that somebody adds
//! tomorrow counts too. Sabotage: `deaf-driver`, one that leaves some nodes' outputs where they are.

use std::fmt::Write;

use super::{Findings, Look};

/// A look at all of a state takes long: each tenth, so every five seconds.
pub(super) const EVERY: u32 = 10;
/// What doesn't hang on a neighbour: tracks, what is here of the last 128 chunks, queues. (Measured:
/// 55 kB without neighbours; 709 kB at an origin with 60, its uplink queue full.)
const OWN_BYTES: usize = 600_000;
/// A neighbour, and what it has told of its chunks. (Measured: 223 kB with 140 of them.)
const NEIGHBOUR_BYTES: usize = 4_000;

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

pub(super) fn look(look: &Look, findings: &mut Findings) {
    for (at, node, stats) in look.present() {
        let mut length = Length(0);
        let _ = write!(length, "{:?}", node.swarm);
        let peers = stats.peers;
        if length.0 > OWN_BYTES + peers * NEIGHBOUR_BYTES {
            findings.add("bounded-state", look.now, || {
                format!("node {at} with {peers} neighbours has a state of {} bytes", length.0)
            });
        }
    }
}
