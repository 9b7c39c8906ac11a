//! Slots: how many children this node can feed, in which substreams, and whether it takes one more.
//!
//! A slot is the right to receive one substream. Slots are counted in bits a second over all
//! tracks: ⌊0.85 × (allowance - upkeep) / slot rate⌋. Invariant: what is promised never exceeds the
//! budget, but for children that are on their way out (1.1 × at most) and lifeboats.

use crate::lane::{Child, Lane, LaneId};
use crate::message::{Attach, Flags};
use crate::track::Track;
use crate::uplink::UNLIMITED_BPS;
use crate::{Mechanism, NodeId, PeerIndex, Swarm, Time};

/// A newcomer displaces a child whose fan is this much smaller (findings, R3).
pub(crate) const FAN_FACTOR: u32 = 3; // thirds of two: 1.5 ×, see `displaces`
/// Children on their way out at once in one substream (findings, section 5, 5).
const MAX_LEAVING: usize = 1;
/// Children on their way out at once of an origin that is full and has a small audience: each moves a
/// large part of it (with 2 a start among ten took half as long again; simulated). A crowd has as many
/// as it has substreams: with 3 it took 6.5 s to recover from a crash, not 3.8.
const MAX_LEAVING_FEW: u64 = 3;
/// Of few slots it lets go no more than one in so many at once: they are fed until they have found another
/// parent, and an origin that could send one copy was overfull all the time in which 30 viewers came.
const SLOTS_FOR_EACH_LEAVING: u64 = 4;
/// Lifeboats that the origin takes beyond its quota (DESIGN, "A mass crash").
const ORIGIN_LIFEBOATS: usize = 2;
/// Lifeboats and children on their way out included, an origin fills this much of its allowance: with
/// 97 % in slots, control messages filled the rest, every piece came 1.4 s late and nobody recovered
/// (1,000 viewers in 30 s, simulated).
const MOST_PERCENT: u64 = 92;
/// A small track may use this part of the budget, so that its few bits don't need deep trees.
const SMALL_TRACK_SHARE: u64 = 5; // a fifth
/// Children at most, whatever the allowance.
pub(crate) const MAX_CHILDREN: usize = 256;

/// Whether a fan is at least 1.5 times another.
pub(crate) const fn displaces(fan: u32, other: u32) -> bool {
    fan > 0 && fan * 2 >= other * FAN_FACTOR && fan > other
}

/// The answer to an ATTACH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Take { temporary: bool, evict: Option<(LaneId, PeerIndex)> },
    No,
}

const TAKE: Verdict = Verdict::Take { temporary: false, evict: None };

impl Swarm {
    /// Bits a second that slots may use.
    pub(crate) fn budget_bps(&self) -> u64 {
        let allowance = self.allowance.unwrap_or(UNLIMITED_BPS);
        let budget = self.config.budget_bps(allowance);
        // An origin that can just send one copy must send every substream.
        let whole = self.total_bps();
        if self.is_root() && allowance >= whole { budget.max(whole) } else { budget }
    }

    /// An origin that can send one copy and has no slot besides.
    pub(crate) fn is_tight(&self) -> bool {
        let slot = || self.tracks.iter().map(Track::slot_bps).max().unwrap_or(0);
        // Asked for each piece: nobody else reckons.
        self.is_root() && self.budget_bps() < self.total_bps() + slot()
    }

    /// Bits a second that an origin fills with lifeboats and children on their way out included.
    pub(crate) fn most_bps(&self) -> u64 {
        let whole = self.allowance.unwrap_or(UNLIMITED_BPS) / 100 * MOST_PERCENT;
        whole.max(self.budget_bps())
    }

    pub(crate) fn total_bps(&self) -> u64 {
        self.tracks.iter().map(Track::total_bps).sum()
    }

    /// Bits a second that children and promises use; children on their way out are still fed.
    pub(crate) fn used_bps(&self) -> u64 {
        let promised = self.dials.promised().filter_map(|a| self.track(a.track));
        self.children_bps() + promised.map(Track::slot_bps).sum::<u64>()
    }

    fn children_bps(&self) -> u64 {
        self.bps_of(|lane| lane.children.len())
    }

    /// Bits a second that will be used once those on their way out have gone.
    pub(crate) fn lasting_bps(&self) -> u64 {
        self.bps_of(|lane| lane.staying().count())
    }

    /// Bits a second for children on their way out.
    pub(crate) fn leaving_bps(&self) -> u64 {
        self.children_bps() - self.lasting_bps()
    }

    /// Bits a second for so many children in each substream.
    fn bps_of(&self, count: impl Fn(&Lane) -> usize) -> u64 {
        let of = |t: &Track| t.slot_bps() * t.lanes.iter().map(&count).sum::<usize>() as u64;
        self.tracks.iter().map(of).sum()
    }

    pub(crate) fn free_bps(&self) -> u64 {
        self.budget_bps().saturating_sub(self.used_bps())
    }

    /// Slots that this node has for a track: its part of the budget by rate.
    pub(crate) fn slots(&self, track: &Track) -> u64 {
        let (budget, total) = (self.budget_bps(), self.total_bps().max(1));
        let part = budget.saturating_mul(track.total_bps()) / total;
        let part = if track.config.k == 1 { part.max(budget / SMALL_TRACK_SHARE) } else { part };
        (part / track.slot_bps()).min(MAX_CHILDREN as u64)
    }

    /// Slots of a track that others can count on: the origin holds back what its quota leaves.
    pub(crate) fn given_slots(&self, track: &Track) -> u64 {
        if !self.is_root() || self.is_small_group() {
            return self.slots(track);
        }
        track.lane_ids().map(|id| self.quota(id) as u64).sum()
    }

    /// Bits a second that whole slots use.
    pub(crate) fn capacity_bps(&self) -> u64 {
        self.tracks.iter().map(|t| self.given_slots(t) * t.slot_bps()).sum()
    }

    /// Children that this node could take in each of its homes of a track; what it lends besides does
    /// not make it less.
    pub(crate) fn fan(&self, track: &Track) -> u16 {
        let homes = u64::from((track.homes & !track.lent).count_ones().max(1));
        u16::try_from(self.slots(track) / homes).unwrap_or(u16::MAX)
    }

    /// What to offer when asking for a slot: the fan in a home; in other substreams, only after
    /// several failures, a few free slots, so that an only uploader can displace a leaf.
    pub(crate) fn offered_fan(&self, id: LaneId, desperate: bool) -> u16 {
        let Some(track) = self.track(id.track) else { return 0 };
        if track.is_home(id.substream) {
            return self.fan(track);
        }
        let free = self.free_bps() / track.slot_bps();
        if desperate { u16::try_from(free.min(3)).unwrap_or(0) } else { 0 }
    }

    /// Children that the origin takes in a substream. The quota is per substream: a shared pool
    /// once starved one substream for everybody (findings, section 5, 3).
    pub(crate) fn quota(&self, id: LaneId) -> usize {
        let Some(track) = self.track(id.track) else { return 0 };
        let lanes = track.lanes.len();
        let most = usize::try_from(self.slots(track)).unwrap_or(MAX_CHILDREN);
        if self.is_small_group() {
            // Whatever is free goes where it is asked for, but for one slot in each substream that has
            // none yet: a few weak viewers fit only if none lies idle.
            let taken: usize = track.lanes.iter().map(|l| l.staying().count().max(1)).sum();
            let here = self.lane(id).map_or(0, |l| l.staying().count());
            return here.max(1) + most.saturating_sub(taken);
        }
        let share = (lanes as f64 * f64::from(self.config.origin_share)).ceil() as usize;
        let total = if self.gives_all() { most } else { most.min(share.max(2)) };
        // The spare ones move on each ten seconds.
        let turns = if self.has(Mechanism::TurningQuota) { self.seconds as usize / 10 } else { 0 };
        let turn = (usize::from(id.substream) + turns) % lanes.max(1);
        total / lanes.max(1) + usize::from(turn < total % lanes.max(1))
    }

    /// The origin is to give all of its allowance to so few.
    pub(crate) fn is_small_group(&self) -> bool {
        self.audience.viewers() <= self.config.small_group
    }

    /// Whether the origin gives all that it may.
    fn gives_all(&self) -> bool {
        let ratio = self.audience.ratio_permille() as f32 / 1000.0;
        self.is_small_group() || ratio < self.config.short_ratio
    }

    /// Whether to take a child for which the neighbour `by` asks, as far as this node's own state says.
    pub(crate) fn judge(&self, now: Time, who: &NodeId, by: PeerIndex, ask: &Attach) -> Verdict {
        let id = LaneId { track: ask.track, substream: ask.substream };
        let (Some(track), Some(lane)) = (self.track(id.track), self.lane(id)) else {
            return Verdict::No;
        };
        let peer = self.peers.find(who);
        let parent = lane.parent.as_ref().and_then(|p| self.peers.get(p.peer));
        if self.leaving.is_some()
            || self.budget_bps() < track.slot_bps()
            || lane.path_has(who.short())
            || parent.is_some_and(|p| p.info.node == *who)
            || !self.is_healthy(now, id)
            || lane.children.len() >= MAX_CHILDREN
            || (self.peers.len() > self.most_neighbours()
                && !peer.is_some_and(|peer| self.is_tied(peer)))
        {
            return Verdict::No;
        }
        let boat = ask.flags.has(Flags::LIFEBOAT);
        if boat && ask.from.is_some_and(|from| !self.is_ahead(now, id, from)) {
            return Verdict::No;
        }
        if peer.and_then(|p| lane.child(p)).is_some_and(|c| c.leaving.is_none()) {
            return TAKE;
        }
        if self.is_root() {
            self.judge_as_origin(now, id, lane, by, ask)
        } else {
            self.judge_as_peer(id, ask)
        }
    }

    fn judge_as_origin(
        &self,
        now: Time,
        id: LaneId,
        lane: &Lane,
        by: PeerIndex,
        ask: &Attach,
    ) -> Verdict {
        let promised =
            self.dials.promised().filter(|a| a.substream == id.substream && a.track == id.track);
        let tight = self.is_tight();
        // Who has been quiet for a moment may be back, and a tight origin can't feed both.
        let quiet = |c: &Child| self.is_doubtful(now, c.peer);
        let gone = |c: &&Child| !tight && quiet(c);
        let here = lane.staying().filter(|c| !gone(c)).count();
        let taken = here + promised.count();
        let quota = self.quota(id);
        let slot = self.track(id.track).map_or(0, Track::slot_bps);
        let whole = self.most_bps();
        let room = self.used_bps() - self.leaving_bps() + slot <= whole;
        // What nobody is fed, everybody asks for piece by piece. And the slot of whom it succeeds is about
        // to be free.
        if taken == 0
            || (room && taken < quota)
            || (ask.flags.has(Flags::SUCCESSOR) && taken < quota + ORIGIN_LIFEBOATS)
        {
            return TAKE;
        }
        // Also without room: a tree whose top is held by those who can feed nobody
        // can't grow. (80 of 100 viewers lacked that substream for half a minute while uploaders with
        // ten slots were refused, simulated.)
        let leaving = self.leaving_bps() / slot.max(1);
        let full = self.used_bps() + slot > whole;
        let slots = self.budget_bps() / slot.max(1);
        let few = MAX_LEAVING_FEW.min(slots / SLOTS_FOR_EACH_LEAVING).max(1);
        let patient = full && self.is_small_audience() && leaving >= few;
        // Who is sent away looks for somebody else, which among NATs takes a second or never succeeds. Of an
        // origin that can't feed both, a child's place is only for who climbs from below that child, so that
        // the two just change places, or for anybody while there is no room below it.
        let climbs = ask.flags == Flags::default();
        let close = full && tight && self.has(Mechanism::CloseSwaps);
        let near = |weaker: &PeerIndex| {
            let no_room_below = lane.child(*weaker).is_some_and(|c| c.full);
            !close || (*weaker == by && climbs) || no_room_below
        };
        if let Some(evict) = self.weaker_child(id, ask.fan).filter(|_| !patient).filter(near) {
            return Verdict::Take { temporary: false, evict: Some((id, evict)) };
        }
        if !room {
            return Verdict::No;
        }
        if ask.flags.has(Flags::LIFEBOAT) && taken < quota + ORIGIN_LIFEBOATS {
            return Verdict::Take { temporary: true, evict: None };
        }
        Verdict::No
    }

    fn judge_as_peer(&self, id: LaneId, ask: &Attach) -> Verdict {
        let Some(track) = self.track(id.track) else { return Verdict::No };
        let (slot, home) = (track.slot_bps(), track.is_home(id.substream));
        let (budget, used) = (self.budget_bps(), self.used_bps());
        let over = budget + (budget / 10).max(slot);
        let small = track.config.k == 1;
        let crowded = small && self.lane_used(track) >= self.slots(track).max(1);
        if used + slot <= budget && !crowded && (home || ask.flags.has(Flags::EMERGENCY)) {
            return TAKE;
        }
        if ask.flags.has(Flags::SUCCESSOR) && used + slot <= over {
            return TAKE;
        }
        if home && used + slot <= over {
            let foreign = if used + slot > budget { self.foreign_child(id) } else { None };
            let weaker = || self.weaker_child(id, ask.fan).map(|peer| (id, peer));
            if let Some(evict) = foreign.or_else(weaker) {
                return Verdict::Take { temporary: false, evict: Some(evict) };
            }
        }
        if ask.flags.has(Flags::LIFEBOAT) && used + slot <= over && !self.is_behind() {
            return Verdict::Take { temporary: true, evict: None };
        }
        Verdict::No
    }

    fn lane_used(&self, track: &Track) -> u64 {
        track.lanes.iter().map(|l| l.staying().count() as u64).sum()
    }

    /// The child with the smallest fan, if the newcomer's is at least 1.5 times as much.
    fn weaker_child(&self, id: LaneId, fan: u16) -> Option<PeerIndex> {
        let lane = self.lane(id).filter(|_| self.has(Mechanism::Preemption))?;
        let leaving = lane.children.len() - lane.staying().count();
        let weakest = lane.staying().min_by_key(|c| c.fan)?;
        let weaker = displaces(u32::from(fan), u32::from(weakest.fan));
        (leaving < MAX_LEAVING && weaker).then_some(weakest.peer)
    }

    /// A child in a substream that is none of our homes.
    fn foreign_child(&self, id: LaneId) -> Option<(LaneId, PeerIndex)> {
        let lane = self.lane(id).filter(|_| self.has(Mechanism::HomePreemption))?;
        if lane.children.len() - lane.staying().count() >= MAX_LEAVING {
            return None;
        }
        let track = self.track(id.track)?;
        let foreign = track.lane_ids().filter(|l| !track.is_home(l.substream));
        foreign.filter_map(|l| Some((l, self.lane(l)?.staying().last()?.peer))).next()
    }

    /// Free slots of a substream that others may count on.
    pub(crate) fn own_slack(&self, now: Time, id: LaneId) -> u32 {
        let (Some(track), Some(lane)) = (self.track(id.track), self.lane(id)) else { return 0 };
        if self.leaving.is_some() || !self.is_healthy(now, id) {
            return 0;
        }
        let free = self.free_bps() / track.slot_bps();
        if self.is_root() {
            let left = self.quota(id).saturating_sub(lane.staying().count());
            return u32::try_from(left).unwrap_or(0);
        }
        let left = self.slots(track).saturating_sub(self.lane_used(track));
        if track.is_home(id.substream) { u32::try_from(free.min(left)).unwrap_or(0) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fan_displaces_another_from_one_and_a_half_times_on() {
        assert!(displaces(3, 2));
        assert!(!displaces(4, 3));
        assert!(displaces(1, 0));
        assert!(!displaces(0, 0));
        assert!(!displaces(10, 10));
    }
}
