//! How soon children notice that a parent accepts and does not forward.

use manyhands_swarm::Message;

use crate::world::World;

/// What children of black holes have gone through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holes {
    /// Child, black hole, track, substream, and when it was accepted.
    caught: Vec<(u32, u32, u8, u8, u64)>,
    /// Microseconds from the acceptance to the suspicion.
    pub(crate) noticed_us: Vec<u64>,
}

impl World {
    /// A black hole's acceptance has come to a child.
    pub(crate) fn watch_holes(&mut self, child: u32, from: u32, message: &Message) {
        if let Message::Accept(m) = message
            && self.nodes[from as usize].black_hole
        {
            self.holes.caught.push((child, from, m.track, m.substream, self.now));
        }
    }

    /// Whether a child has given up a black hole by now; asked each 100 ms, so that figures are up to
    /// that much too long. Those that had left for another reason before their first look are not
    /// counted.
    pub(crate) fn look_for_holes(&mut self, child: u32) {
        if self.holes.caught.iter().all(|c| c.0 != child) {
            return;
        }
        let node = &self.nodes[child as usize];
        let stats = node.swarm.stats();
        let alive = node.alive;
        let Self { holes, now, nodes, .. } = self;
        holes.caught.retain(|(at, hole, track, substream, since)| {
            if *at != child {
                return true;
            }
            let name = nodes[*hole as usize].name;
            let lane = stats.lanes.iter().find(|l| (l.track, l.substream) == (*track, *substream));
            let held = lane.and_then(|l| l.parent).is_some_and(|(_, parent)| parent == name);
            let orphan = lane.is_none_or(|l| l.orphan);
            if held && orphan && alive {
                holes.noticed_us.push(*now - since);
            }
            held && !orphan && alive
        });
    }
}
