//! Children that have to go, and those that may stay after all.
//!
//! Invariant: a child that is sent away is served until it has another parent, or [`GRACE`] has
//! passed.

use core::time::Duration;

use crate::lane::{Child, LaneId};
use crate::message::{Evict, Flags, Message, Recall};
use crate::{Mechanism, PeerIndex, Swarm, Time};

/// How long a child on its way out is served (findings, R4), and how long a lifeboat lasts (R8).
pub(crate) const GRACE: Duration = Duration::from_secs(3);
/// The same while live pieces wait for longer than [`BEHIND`].
const GRACE_BEHIND: Duration = Duration::from_millis(800);
const BEHIND: Duration = Duration::from_millis(250);

impl Swarm {
    /// Asks a child to look for another parent; it is served meanwhile.
    pub(crate) fn evict(&mut self, now: Time, id: LaneId, peer: PeerIndex, leaving: bool) {
        let grace = if self.has(Mechanism::EvictionGrace) { GRACE } else { Duration::ZERO };
        let Some(child) = self.lane_mut(id).and_then(|l| l.child_mut(peer)) else { return };
        if child.leaving.is_some() {
            return;
        }
        child.leaving = Some(now + grace);
        self.counters.evictions += 1;
        let body = Evict { track: id.track, substream: id.substream, leaving };
        self.send(peer, Message::Evict(body));
    }

    pub(crate) fn on_evict(&mut self, now: Time, peer: PeerIndex, m: &Evict) {
        let id = LaneId { track: m.track, substream: m.substream };
        let Some(lane) = self.lane_mut(id) else { return };
        let Some(parent) = lane.parent.as_mut().filter(|p| p.peer == peer) else { return };
        parent.evicted = true;
        lane.search.finish();
        let succeeds = m.leaving && self.has(Mechanism::Successors);
        let flags = if succeeds { Flags::SUCCESSOR } else { Flags::default() };
        self.seek_from(now, id, peer, flags);
    }

    /// Live pieces wait for longer than they should.
    pub(crate) fn is_behind(&self) -> bool {
        self.backlog() > BEHIND
    }

    /// Children that have had their time, have fallen silent, or no longer fit.
    pub(crate) fn check_children(&mut self, now: Time) {
        if self.tracks.iter().flat_map(|t| &t.lanes).all(|l| l.children.is_empty()) {
            return;
        }
        // Where all wait for those who are on their way out, these have less time.
        let any = self.leaving_bps() > 0 && self.has(Mechanism::ShortGrace);
        let behind = any && self.is_behind();
        let sooner = if behind { GRACE - GRACE_BEHIND } else { Duration::ZERO };
        let mut gone = Vec::new();
        let mut temporary = Vec::new();
        for id in self.lane_ids() {
            let Some(lane) = self.lane(id) else { continue };
            for child in &lane.children {
                let silent = self.peers.get(child.peer).is_some_and(|p| p.link.is_silent(now));
                let over = child.leaving.is_some_and(|until| until < now + sooner);
                if child.last.is_some() {
                    continue;
                }
                if silent || over {
                    gone.push((id, child.peer, silent));
                } else if child.temporary.is_some_and(|until| until < now) {
                    temporary.push((id, child.peer));
                }
            }
        }
        for (id, peer, silent) in gone {
            self.counters.silent_children += u64::from(silent);
            self.lane_mut(id).map(|l| l.remove_child(peer));
            self.detach(peer, id, true, None);
            self.touch_path(id);
        }
        for (id, peer) in temporary {
            self.end_lifeboat(now, id, peer);
        }
        for id in self.lane_ids() {
            self.recall(id);
        }
    }

    /// Keeps a child that was asked to go, once the room is there again: whoever displaced it may
    /// have gone elsewhere at once. All that it can find may be its own descendants.
    fn recall(&mut self, id: LaneId) {
        let may = self.leaving.is_none() && self.has(Mechanism::Recalls);
        let Some(lane) = self.lane(id).filter(|_| may) else { return };
        let going = |c: &&Child| c.leaving.is_some() && c.last.is_none();
        let Some(child) = lane.children.iter().filter(going).max_by_key(|c| c.fan) else { return };
        let peer = child.peer;
        let slot = self.track(id.track).map_or(0, |t| t.slot_bps());
        let fits = |most: u64| self.lasting_bps() + slot <= most;
        let room = if self.is_root() {
            lane.staying().count() < self.quota(id) && fits(self.most_bps())
        } else {
            fits(self.budget_bps())
        };
        if let Some(child) = self.lane_mut(id).and_then(|l| l.child_mut(peer)).filter(|_| room) {
            child.leaving = None;
            self.counters.recalls += 1;
            let body = Recall { track: id.track, substream: id.substream };
            self.send(peer, Message::Recall(body));
        }
    }

    /// The parent has room after all.
    pub(crate) fn on_recall(&mut self, peer: PeerIndex, m: &Recall) {
        let id = LaneId { track: m.track, substream: m.substream };
        let Some(lane) = self.lane_mut(id) else { return };
        let Some(parent) = lane.parent.as_mut().filter(|p| p.peer == peer) else { return };
        if core::mem::take(&mut parent.evicted) && parent.suspect.is_none() && !parent.temporary {
            lane.search.finish();
        }
    }

    /// A lifeboat's time is over: it stays if there is room by now.
    fn end_lifeboat(&mut self, now: Time, id: LaneId, peer: PeerIndex) {
        let room = if self.is_root() {
            self.lane(id).is_some_and(|l| l.staying().count() <= self.quota(id))
        } else {
            self.lasting_bps() <= self.budget_bps()
        };
        if let Some(child) = self.lane_mut(id).and_then(|l| l.child_mut(peer)) {
            child.temporary = None;
        }
        if !room {
            self.evict(now, id, peer, false);
        }
    }

    /// Hands over children that the allowance no longer covers, the smallest fan first.
    pub(crate) fn shed(&mut self, now: Time) {
        if self.budget_bps() == 0 {
            for id in self.lane_ids() {
                let children: Vec<_> =
                    self.lane(id).into_iter().flat_map(|l| &l.children).map(|c| c.peer).collect();
                for peer in children {
                    self.evict(now, id, peer, false);
                }
            }
            return;
        }
        while self.lasting_bps() > self.budget_bps() {
            let smallest = self
                .lane_ids()
                .filter_map(|id| Some((id, self.lane(id)?.staying().min_by_key(|c| c.fan)?)))
                .min_by_key(|(_, c)| c.fan)
                .map(|(id, c)| (id, c.peer));
            let Some((id, peer)) = smallest else { return };
            self.evict(now, id, peer, false);
        }
    }

    /// Children above the origin's quota, which moves, and beyond what its line takes are handed over, one a
    /// second, so that the subtrees below don't move all at once.
    pub(crate) fn review_origin(&mut self, now: Time) {
        if !self.has(Mechanism::QuotaReview) {
            return;
        }
        let settled = |c: &&Child| c.temporary.is_none();
        let beyond = self.lasting_bps() > self.most_bps();
        let excess = |id: LaneId| {
            let lane = self.lane(id)?;
            let most = if beyond { 1 } else { self.quota(id) };
            let over = lane.staying().filter(settled).count().checked_sub(most + 1)?;
            Some((over, id, lane.staying().filter(settled).min_by_key(|c| c.fan)?.peer))
        };
        let most = self.lane_ids().filter_map(excess).max_by_key(|(over, ..)| *over);
        if let Some((_, id, peer)) = most {
            self.evict(now, id, peer, false);
        }
    }
}
