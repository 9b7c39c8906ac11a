//! Make before break: a child that has found another parent is served by the old one up to the chunk
//! where the new one begins, so that a move costs neither a gap nor repair.
//!
//! Both may be moving, and each may then wait for the other: what hasn't come when the old parent
//! would have sent it is asked of the new one. Bounds: one handover a substream, [`HANDOVER`] long.

use core::time::Duration;

use crate::health::offset_us;
use crate::lane::{Handover, LaneId};
use crate::{Mechanism, PeerIndex, Swarm, Time};

/// How long a child that has found another parent is still sent what that one leaves out: the ways
/// of two parents to the origin differ by less (latencies stay under 2 s, mostly under 1).
const HANDOVER: Duration = Duration::from_secs(1);
/// The old parent may be this late with its last piece (as in `health`, where it warns).
const LATE: Duration = Duration::from_millis(50);
/// With no experience of the old parent, its last piece is waited for this long (as in `repair`).
const PATIENCE: Duration = Duration::from_millis(150);

impl Swarm {
    /// Takes leave of the parent, if there is one; one that was silent is not asked again soon. One
    /// that works serves on up to chunk `until`, where the new parent takes over.
    pub(crate) fn leave_parent(&mut self, now: Time, id: LaneId, until: Option<u32>) {
        let here = self.track(id.track).and_then(|t| t.newest(id.substream));
        let Some(old) = self.lane_mut(id).and_then(|l| l.parent.take()) else { return };
        let until = until.filter(|_| self.has(Mechanism::Handover));
        let after = until.filter(|chunk| old.suspect.is_none() && here.is_none_or(|h| h < *chunk));
        self.detach(old.peer, id, false, after);
        let due = after.map(|chunk| self.due_from_old(now, id, chunk));
        if let Some(lane) = self.lane_mut(id) {
            lane.handover = after.zip(due).map(|(until, due)| Handover { until, due });
        }
        let name = self.peers.get(old.peer).filter(|p| !p.info.origin).map(|p| p.info.node);
        let others_push = old.suspect.is_some_and(|since| self.pushes_besides(old.peer, since));
        if let Some(node) = name.filter(|_| others_push && !old.evicted) {
            self.ban(now, node);
        }
    }

    /// Whether any other parent has pushed since then: when all are silent it is no fault of theirs.
    fn pushes_besides(&self, silent: PeerIndex, since: Time) -> bool {
        let lanes = self.tracks.iter().flat_map(|t| &t.lanes);
        let mut others = lanes.filter_map(|l| l.parent.as_ref().filter(|p| p.peer != silent));
        others.any(|p| p.last.is_some_and(|last| last.at >= since))
    }

    /// When the old parent's piece of a chunk should be here.
    fn due_from_old(&self, now: Time, id: LaneId, chunk: u32) -> Time {
        let expected = || {
            let track = self.track(id.track)?;
            let limit = self.lane(id)?.timing?.limit();
            let lag = limit - offset_us(now, self.capture_ms(track, chunk)?);
            Some(Duration::from_micros(u64::try_from(lag).unwrap_or(0)) + LATE)
        };
        now + expected().unwrap_or(PATIENCE).min(HANDOVER)
    }

    /// Asks the new parent for what the old one has not sent in time.
    pub(crate) fn check_handovers(&mut self, now: Time) {
        for id in self.lane_ids() {
            let Some(lane) = self.lane_mut(id) else { continue };
            let Some(handover) = lane.handover.take_if(|h| now >= h.due) else { continue };
            if let Some(peer) = lane.parent.as_ref().map(|p| p.peer) {
                self.pull_gap(now, peer, id, Some(handover.until));
            }
        }
    }

    /// A child has found another parent: it is served up to chunk `after`, if that isn't done yet.
    pub(crate) fn let_go(&mut self, now: Time, peer: PeerIndex, id: LaneId, after: Option<u32>) {
        let behind = after.is_some_and(|last| !self.has_served(id, last));
        let Some(lane) = self.lane_mut(id) else { return };
        match lane.child_mut(peer).filter(|_| behind) {
            Some(child) => {
                let over = now + HANDOVER;
                child.last = after;
                child.leaving = Some(child.leaving.map_or(over, |at| at.min(over)));
            }
            None => _ = lane.remove_child(peer),
        }
        self.touch_path(id);
    }

    /// Everything up to a chunk is here and has left.
    fn has_served(&self, id: LaneId, chunk: u32) -> bool {
        let newest = self.track(id.track).and_then(|t| t.newest(id.substream));
        newest >= Some(chunk) && self.uplink.is_live_empty()
    }

    /// Forgets children that have got what was left to send.
    pub(crate) fn check_let_go(&mut self, now: Time) {
        for id in self.lane_ids() {
            let Some(lane) = self.lane(id) else { continue };
            let done = |c: &&crate::lane::Child| {
                let over = c.leaving.is_some_and(|until| until < now);
                c.last.is_some_and(|last| over || self.has_served(id, last))
            };
            let gone: Vec<PeerIndex> = lane.children.iter().filter(done).map(|c| c.peer).collect();
            for peer in gone {
                self.lane_mut(id).map(|l| l.remove_child(peer));
                self.touch_path(id);
            }
        }
    }
}
