//! Slots within the allowance: children together are promised no more than a device may give, and
//! who may give nothing has none.
//!
//! While somebody moves, old and new child are there for a moment, so it counts only if it lasts.
//! Sabotage: `greedy`, devices that are told three times their allowance.

use std::collections::BTreeMap;

use manyhands_swarm::Role;

use super::{Findings, Look};

/// An evicted child is served for 3 s at most, and what it leaves behind is counted a second later.
const LASTS_US: u64 = 5_000_000;

/// Who is over its allowance, and since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots(BTreeMap<u32, u64>);

impl Slots {
    pub(super) fn look(&mut self, look: &Look, findings: &mut Findings) {
        let over: Vec<(u32, u64, u64)> = look
            .present()
            .filter(|(_, node, _)| node.role == Role::Viewer || node.upload_bps > 0)
            .filter(|(_, node, stats)| stats.used_bps > node.upload_bps)
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
