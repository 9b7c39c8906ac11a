//! Leaving in good order: children move one substream at a time while they are still served, and
//! only then the leaver takes leave of its parents. Sending all away at once was worse than
//! crashing (`evidence/swarm-findings.md`, section 4).

use core::time::Duration;

use crate::lane::LaneId;
use crate::message::{Follow, Message};
use crate::peer::Partnership;
use crate::{Mechanism, PeerIndex, Swarm, Time};

/// The next substream of a child is sent away after this, or at once when the last has moved.
const STEP: Duration = Duration::from_millis(250);
/// After this the leaver goes whatever happens.
const LIMIT: Duration = Duration::from_secs(4);

/// A leave under way.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    since: Time,
    step: Time,
    drained: bool,
}

impl Swarm {
    /// Begins to leave: nothing new is taken on, and the children are handed over. Go on driving
    /// until [`Swarm::is_drained`].
    pub fn handle_leave(&mut self, now: Time) {
        if self.leaving.is_some() {
            return;
        }
        self.leaving = Some(Leaving { since: now, step: now, drained: false });
        let partners: Vec<PeerIndex> = self
            .peers
            .iter()
            .filter(|(_, p)| p.partner != Partnership::None)
            .map(|(at, _)| at)
            .collect();
        for peer in partners {
            self.send(peer, Message::Follow(Follow { on: false }));
        }
        // The parents learn at once that there is no slack here any more.
        self.report(now);
        self.check_leaving(now);
    }

    /// Whether a leaver has handed over everything and may close its connections.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.leaving.as_ref().is_some_and(|l| l.drained)
    }

    pub(crate) fn check_leaving(&mut self, now: Time) {
        let at_once = !self.has(Mechanism::GoodOrder);
        let Some(leaving) = &mut self.leaving else { return };
        if leaving.drained {
            return;
        }
        let due = now >= leaving.step;
        let over = at_once || now.since(leaving.since) > LIMIT;
        let children =
            self.tracks.iter().flat_map(|t| &t.lanes).map(|l| l.children.len()).sum::<usize>();
        // The root has nobody to hand its children to: they get what is in line for them, no more.
        let served = children == 0 || (self.is_root() && self.uplink.is_live_empty());
        if served || over {
            return self.finish_leaving(now);
        }
        if self.is_root() {
            return;
        }
        if due && let Some(leaving) = &mut self.leaving {
            leaving.step = now + STEP;
        }
        self.evict_next(now, due);
    }

    /// Sends each child away in one more substream: where none of its moves is under way, or, when
    /// the time for a step has come, in any case.
    fn evict_next(&mut self, now: Time, due: bool) {
        let mut next: Vec<(PeerIndex, LaneId)> = Vec::new();
        let mut moving: Vec<PeerIndex> = Vec::new();
        for id in self.lane_ids() {
            for child in self.lane(id).into_iter().flat_map(|l| &l.children) {
                if child.leaving.is_some() {
                    moving.push(child.peer);
                } else if next.iter().all(|(peer, _)| *peer != child.peer) {
                    next.push((child.peer, id));
                }
            }
        }
        for (peer, id) in next {
            if due || !moving.contains(&peer) {
                self.evict(now, id, peer, true);
            }
        }
    }

    fn finish_leaving(&mut self, now: Time) {
        for id in self.lane_ids() {
            let left: Vec<PeerIndex> =
                self.lane(id).into_iter().flat_map(|l| &l.children).map(|c| c.peer).collect();
            for peer in left {
                self.lane_mut(id).map(|l| l.remove_child(peer));
                self.detach(peer, id, true, None);
            }
            self.leave_parent(now, id, None);
        }
        if let Some(leaving) = &mut self.leaving {
            leaving.drained = true;
        }
    }
}
