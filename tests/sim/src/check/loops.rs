//! No loop: who follows parents upwards never comes back to where it began.
//!
//! Orphans that attach to each other at the same moment make a loop that no node could have seen
//! coming; it ends when the path has gone around once. So one is wrong only if it lasts. Sabotage:
//! `blind-paths`, paths in which nobody finds itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Look};

/// Who is in a loop learns of it with the next path that comes around. (Measured: none is there at two
/// looks in a row; with `blind-paths` they last for 1.5 s, until nothing comes any more.)
const LASTS_US: u64 = 1_000_000;

/// Loops that are there, by substream and the smallest number in them, and since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loops(BTreeMap<(usize, u32), u64>);

impl Loops {
    pub(super) fn look(&mut self, look: &Look, findings: &mut Findings) {
        let lanes = look.present().map(|(_, _, s)| s.lanes.len()).max().unwrap_or(0);
        let found: BTreeSet<(usize, u32)> = (0..lanes)
            .flat_map(|lane| Self::of(look, lane).into_iter().map(move |n| (lane, n)))
            .collect();
        self.0.retain(|key, _| found.contains(key));
        for key in found {
            let since = *self.0.entry(key).or_insert(look.now);
            if look.now - since >= LASTS_US {
                let (lane, node) = key;
                findings.add("no-loop", look.now, || {
                    format!("substream {lane} leads from node {node} back to it, for 1 s")
                });
            }
        }
    }

    /// The smallest number in each loop of a substream.
    fn of(look: &Look, lane: usize) -> Vec<u32> {
        let mut passed = vec![0u32; look.nodes.len()];
        let mut loops = Vec::new();
        for (start, _, _) in look.present() {
            let mut at = start;
            // What has been passed on an earlier walk leads nowhere new.
            while passed[at as usize] == 0 {
                passed[at as usize] = start + 1;
                match look.parent(at, lane) {
                    Some(parent) => at = parent,
                    None => break,
                }
            }
            if passed[at as usize] == start + 1 && look.parent(at, lane).is_some() {
                let around = std::iter::successors(look.parent(at, lane), |n| {
                    (*n != at).then(|| look.parent(*n, lane)).flatten()
                });
                loops.extend(around.chain([at]).min());
            }
        }
        loops
    }
}
