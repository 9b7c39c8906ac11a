//! Slots within the allowance: children together are promised no more than a device may give, and
//! who may give nothing has none.
//!
//! While somebody moves, old and new child are there for a moment, so it counts only if it lasts. An
//! origin whose line is full lets uploaders take leaves' slots, three at a time (decision 11): so many
//! may be too many all the while.
//! Sabotage: `greedy`, devices that are told three times their allowance.

use std::collections::BTreeMap;

use manyhands_swarm::Role;

use super::{Findings, Look};

/// An evicted child is served for 3 s at most, and what it leaves behind is counted a second later.
const LASTS_US: u64 = 5_000_000;
/// Children on their way out of a full origin at once.
const LEAVING: u64 = 3;

/// Who is over its allowance, and since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots(BTreeMap<u32, u64>);

impl Slots {
    /// `slot_bps` is what one substream takes.
    pub(super) fn look(&mut self, look: &Look, slot_bps: u64, findings: &mut Findings) {
        let room = |origin: bool| if origin { LEAVING * slot_bps } else { 0 };
        let over: Vec<(u32, u64, u64)> = look
            .present()
            .filter(|(_, node, _)| node.role == Role::Viewer || node.upload_bps > 0)
            .filter(|(_, node, stats)| {
                stats.used_bps > node.upload_bps + room(node.role == Role::Origin)
            })
            .map(|(at, node, stats)| (at, stats.used_bps, node.upload_bps))
            .collect();
        self.0.retain(|node, _| over.iter().any(|o| o.0 == *node));
        for (node, used, may) in over {
            let since = *self.0.entry(node).or_insert(look.now);
            if look.now - since >= LASTS_US {
                findings.add("slots-within-allowance", look.now, || {
                    format!("node {node} has promised {used} bit/s of {may} for 5 s")
                });
            }
        }
    }
}
