//! Moving to a better place: those who can feed many belong near the root, and a substream that
//! takes long ways is moved when a shorter one is known.
//!
//! Bounds: one climb a substream each 1, 2, 4 … 32 s (without it the prototype saw 500 moves a
//! second), one improvement a second.

use core::time::Duration;

use crate::lane::{Lane, LaneId};
use crate::message::{Attach, Flags, Message};
use crate::slots::displaces;
use crate::{Mechanism, PeerIndex, Swarm, Time};

/// A parent is kept this long before a climb (findings, R6).
const SETTLED: Duration = Duration::from_millis(1_500);
/// A hop costs about this (findings, section 6).
const HOP_MS: u32 = 100;
/// A move must win this much (findings, R6).
const GAIN_MS: u32 = 80;

impl Swarm {
    fn is_settled(&self, now: Time, lane: &Lane) -> bool {
        lane.search.open.is_empty()
            && !lane.is_seeking()
            && lane.parent.as_ref().is_some_and(|p| now.since(p.since) > SETTLED)
    }

    /// In each home: asks the highest ancestor that has a free slot or a much smaller child.
    pub(crate) fn climb(&mut self, now: Time) {
        if self.leaving.is_some() || !self.has(Mechanism::Climbing) {
            return;
        }
        for id in self.lane_ids() {
            let home = self.track(id.track).is_some_and(|t| t.is_home(id.substream));
            let Some(lane) = self.lane(id) else { continue };
            if !home || now < lane.climb_after || !self.is_settled(now, lane) {
                continue;
            }
            let Some(up) = self.climb_height(id, lane) else { continue };
            let Some(parent) = lane.parent.as_ref().map(|p| p.peer) else { continue };
            if let Some(lane) = self.lane_mut(id) {
                let pause = Duration::from_secs(1 << lane.climbs.min(5));
                lane.climbs = lane.climbs.saturating_add(1);
                lane.climb_after = now + pause;
            }
            self.counters.climbs += 1;
            self.ask_elsewhere(id, parent, up);
        }
    }

    /// How many hops above the parent the best place is.
    fn climb_height(&self, id: LaneId, lane: &Lane) -> Option<u8> {
        let fan = u32::from(self.fan(self.track(id.track)?));
        let above = lane.path.len().checked_sub(1)?;
        let better = |room: u16| match room {
            0 => fan > 0,
            u16::MAX => false,
            room => displaces(fan, u32::from(room) - 1),
        };
        let at = lane.path.iter().take(above).position(|h| better(h.room))?;
        u8::try_from(above - at).ok()
    }

    /// Once a second, in one substream: moves to a partner with a free slot that is clearly nearer.
    pub(crate) fn improve(&mut self, now: Time) {
        if self.leaving.is_some() || !self.has(Mechanism::Improving) {
            return;
        }
        let mut ids: Vec<LaneId> = self.lane_ids().collect();
        let turn = (self.seconds as usize).checked_rem(ids.len()).unwrap_or(0);
        ids.rotate_left(turn);
        // Among many the substreams take turns: all at once made 1.4 times as many moves and no
        // shorter ways (1,000 viewers, simulated).
        if !self.is_small_audience() {
            ids.truncate(1);
        }
        let nearer = ids.into_iter().find_map(|id| Some((id, self.nearer_parent(now, id)?)));
        if let Some((id, peer)) = nearer {
            self.counters.improvements += 1;
            self.ask_elsewhere(id, peer, 0);
        }
    }

    /// The nearest partner with a free slot, if it is nearer than the parent by [`GAIN_MS`].
    fn nearer_parent(&self, now: Time, id: LaneId) -> Option<PeerIndex> {
        let lane = self.lane(id).filter(|l| self.is_settled(now, l))?;
        let parent = lane.parent.as_ref().and_then(|p| self.peers.get(p.peer))?;
        let own = cost_ms(lane.path.len(), parent.link.rtt());
        let free = self.peers.partners().filter(|(at, p)| {
            !p.info.origin
                && !lane.parent_is(*at)
                && lane.child(*at).is_none()
                && !lane.path_has(p.info.node.short())
                && !self.is_banned(now, *at)
        });
        let costs = free.filter_map(|(at, p)| {
            let known = p.known.as_ref().filter(|k| k.is_free(id.track, id.substream))?;
            let depth = usize::from(known.depth(id.track, id.substream)?) + 1;
            Some((cost_ms(depth, p.link.rtt()), at))
        });
        costs.min().filter(|(cost, _)| cost + GAIN_MS < own).map(|(_, peer)| peer)
    }

    /// An ATTACH beside a parent that is in order.
    fn ask_elsewhere(&mut self, id: LaneId, peer: PeerIndex, climb: u8) {
        let fan = self.offered_fan(id, false);
        let token = self.dice.token();
        if let Some(lane) = self.lane_mut(id) {
            lane.search.remember(token);
        }
        let attach = Attach {
            token,
            track: id.track,
            substream: id.substream,
            who: None,
            fan,
            flags: Flags::default(),
            ttl: 0,
            from: None,
            climb,
            seen: vec![self.config.node.short()],
        };
        self.send(peer, Message::Attach(attach));
    }
}

fn cost_ms(depth: usize, rtt: Duration) -> u32 {
    let half = u32::try_from(rtt.as_millis() / 2).unwrap_or(1_000);
    u32::try_from(depth).unwrap_or(100).saturating_mul(HOP_MS).saturating_add(half)
}
