//! Every starvation is explained: a picture that stands lacks a piece, and something on that piece's
//! way says why.
//!
//! The way is walked from the viewer upwards in the substream of the first piece that is lacking.
//! It ends where somebody has no parent, knows that its parent is late, has moved since, is gone, or
//! at a queue that is full. Where it ends at a parent that has had the piece for a while and owes it
//! to a child that doesn't know it is missing something, nobody will ever do anything about it: that
//! is the defect looked for. Sabotage: `lost-pieces`, wires that lose pieces without a trace, and
//! nobody asks.

use manyhands_swarm::{PieceId, Role};
use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Look, Verified};
use crate::world::World;

/// A picture that stands for less is not looked into.
const STANDS_US: u64 = 1_000_000;
/// A queue that holds a piece up.
const QUEUED_US: u64 = 250_000;
/// A queue that has dropped pieces explains what is lacking for as long as clocks may want them.
const DROPPED_US: u64 = 3_000_000;
/// Who has come has a picture after this, or it is looked into.
const COMES_US: u64 = 5_000_000;
/// Between two looks at everybody.
const STEP_S: f64 = 0.5;

/// Time that pictures stood, by cause; and since when each viewer has had its parent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starved {
    looks: BTreeMap<&'static str, u32>,
    parents: BTreeMap<(u32, usize), (u32, u64)>,
    /// Bytes that each has dropped from its queue, and when it last dropped some.
    dropped: BTreeMap<u32, (u64, u64)>,
    /// Who lacked which piece that whom had, without a reason, at the last look: it may have come there
    /// that very moment.
    suspected: BTreeSet<(u32, PieceId, u32)>,
}

impl Starved {
    pub(super) fn seconds(&self) -> BTreeMap<&'static str, f64> {
        self.looks.iter().map(|(cause, looks)| (*cause, f64::from(*looks) * STEP_S)).collect()
    }

    pub(super) fn look(
        &mut self,
        look: &Look,
        world: &World,
        verified: &Verified,
        findings: &mut Findings,
    ) {
        self.note_parents(look);
        self.note_drops(look);
        let suspected = std::mem::take(&mut self.suspected);
        for (at, node, _) in look.present().filter(|(_, n, _)| n.role == Role::Viewer) {
            let Some(player) = &node.player else { continue };
            for track in (0..world.tracks.len()).filter(|track| player.lacks(*track)) {
                let waits = player.position(track).is_none();
                let (since, patience) = if waits {
                    (Some(node.came_at), COMES_US)
                } else {
                    (player.stands_since(), STANDS_US)
                };
                if node.leaving || since.is_none_or(|since| look.now - since < patience) {
                    continue;
                }
                let chunk = player.position(track).or_else(|| world.begins_with(track));
                if node.run != world.run {
                    self.count("old_run");
                    continue;
                }
                let Some((lane, piece)) = lacking(world, verified, at, track, chunk) else {
                    self.count("no_keyframe");
                    continue;
                };
                let (cause, with) = self.cause(look, world, verified, at, lane, &piece);
                self.count(cause);
                if cause != UNEXPLAINED {
                    continue;
                }
                self.suspected.insert((at, piece, with));
                if suspected.contains(&(at, piece, with)) {
                    findings.add("starvation-explained", look.now, || {
                        format!("node {at} stands for want of {piece:?}, which node {with} has")
                    });
                }
            }
        }
    }

    fn count(&mut self, cause: &'static str) {
        *self.looks.entry(cause).or_default() += 1;
    }

    fn note_parents(&mut self, look: &Look) {
        for (at, _, stats) in look.present() {
            for lane in 0..stats.lanes.len() {
                let Some(parent) = look.parent(at, lane) else {
                    self.parents.remove(&(at, lane));
                    continue;
                };
                let known = self.parents.entry((at, lane)).or_insert((parent, look.now));
                if known.0 != parent {
                    *known = (parent, look.now);
                }
            }
        }
    }

    fn note_drops(&mut self, look: &Look) {
        for (at, node, _) in look.present() {
            let now = node.swarm.sending(manyhands_swarm::Time::ZERO).dropped_bytes;
            let known = self.dropped.entry(at).or_default();
            if known.0 < now {
                *known = (now, look.now);
            }
        }
    }

    /// What the way upwards ends at, and with whom.
    fn cause(
        &self,
        look: &Look,
        world: &World,
        verified: &Verified,
        viewer: u32,
        lane: usize,
        piece: &PieceId,
    ) -> (&'static str, u32) {
        let capture = world.capture_at(piece);
        let mut at = viewer;
        for _ in 0..look.nodes.len() {
            let Some(stats) = look.stats.get(at as usize).and_then(Option::as_ref) else {
                return ("gone", at);
            };
            let Some(parent) = look.parent(at, lane) else {
                return ("no_parent", at);
            };
            if stats.lanes.get(lane).is_none_or(|l| l.orphan) {
                return ("late_parent", at);
            }
            let above = &look.nodes[parent as usize];
            if !above.alive || above.offline || look.nodes[at as usize].offline {
                return ("gone", parent);
            }
            // What was captured before is its own to ask for, or lost to the move.
            if self.parents.get(&(at, lane)).is_none_or(|(_, since)| *since > capture) {
                return ("moved", at);
            }
            if parent == 0 || verified.has(parent, piece) {
                let sending = above.swarm.sending(world.local(parent));
                let busy = sending.waiting.as_micros() as u64 > QUEUED_US
                    || above.wires.up_free() > look.now + QUEUED_US
                    || self.dropped.get(&parent).is_some_and(|d| look.now - d.1 < DROPPED_US);
                return if busy { ("queue", parent) } else { (UNEXPLAINED, parent) };
            }
            at = parent;
        }
        ("loop", viewer)
    }
}

const UNEXPLAINED: &str = "unexplained";

/// The first piece that a viewer lacks of the chunk that its clock wants, and its substream counted
/// over all tracks.
fn lacking(
    world: &World,
    verified: &Verified,
    viewer: u32,
    track: usize,
    chunk: Option<u32>,
) -> Option<(usize, PieceId)> {
    let media = world.tracks.get(track)?;
    let before: usize = world.tracks.iter().take(track).map(|t| usize::from(t.lanes())).sum();
    (0..media.config.k).find_map(|substream| {
        let parts = media.piece(chunk?, substream, 0)?.parts;
        let pieces = (0..parts).filter_map(|part| media.piece(chunk?, substream, part));
        let missing = pieces.map(|p| p.id).find(|id| !verified.has(viewer, id))?;
        Some((before + usize::from(substream), missing))
    })
}
