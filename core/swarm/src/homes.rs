//! Home substreams: where a node mainly serves, and where it lends a hand besides.
//!
//! A node serves in few substreams, so that each tree is shallow and one that leaves takes little
//! from anybody. Chance gives every substream its servers in a large audience. In a small one it
//! leaves some without (16 viewers: one substream in eight), and what nobody serves becomes a chain:
//! depth 7 where 3 would do, measured. So a node with slots to spare serves in one more
//! substream while the origin's sums say that it lacks slots there.

use core::cmp::Reverse;
use core::time::Duration;

use crate::track::Track;
use crate::{Mechanism, Swarm, Time};

/// Slots that one home substream can take (findings, section 2: homes = ⌈slots / 32⌉).
const SLOTS_PER_HOME: u64 = 32;
/// Where slack is this part of the average or less, slots are lacking.
const SCARCE: u64 = 4;
/// Free slots, and this part of all, that somebody has who serves in one more substream.
const SPARE_SLOTS: u64 = 2;
const SPARE_SHARE: u64 = 4;
/// In an audience of more viewers than this for each substream chance has found enough servers.
const FEW_A_SUBSTREAM: usize = 8;
/// Volunteers a second that are hoped for in all, so that not everybody runs to the same place.
const VOLUNTEERS: usize = 2;
/// The sums take about this long to show what a volunteer changed.
const SETTLED: Duration = Duration::from_secs(3);

impl Swarm {
    /// Children that one home can have: in a small audience no more than there are others, so that
    /// two viewers give each other what they can in every substream.
    fn most_in_a_home(&self) -> u64 {
        match u64::from(self.audience.viewers()) {
            _ if !self.has(Mechanism::FewHomes) => 1,
            0 => SLOTS_PER_HOME,
            viewers => SLOTS_PER_HOME.min(viewers.saturating_sub(1).max(1)),
        }
    }

    /// Chooses the home substreams where there are none or not as many as the slots ask for.
    pub(crate) fn choose_homes(&mut self) {
        if self.is_root() {
            self.tracks.iter_mut().for_each(|t| t.homes = t.have.all());
            return;
        }
        for at in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(at) else { continue };
            let lanes = track.lanes.len();
            let homes = self.slots(track).div_ceil(self.most_in_a_home()).min(lanes as u64) as u32;
            if (track.homes & !track.lent).count_ones() == homes {
                continue;
            }
            let homes = match track.homes {
                0 => row(self.choose_home(at), homes, lanes),
                _ => self.resized_homes(at, homes as usize),
            };
            if let Some(track) = self.tracks.get_mut(at) {
                track.settle(homes);
            }
        }
    }

    /// The better of two random substreams by the slack that the origin reports.
    fn choose_home(&mut self, track: usize) -> usize {
        let Some(track) = self.tracks.get(track) else { return 0 };
        let lanes = track.lanes.len();
        let (a, b) = (self.dice.below(lanes), self.dice.below(lanes));
        let slack = |s: usize| self.audience.slack(track.config.track, s).unwrap_or(0);
        if slack(b) < slack(a) { b } else { a }
    }

    /// The homes with some less, or some more: those go where this node feeds fewest, and of equals where slack is
    /// greatest; and those come where it is least. (When the lowest number stayed, all early viewers of 30 served
    /// in the same substream, and another lacked slots until all had come.)
    fn resized_homes(&mut self, track: usize, count: usize) -> u32 {
        let Some(track) = self.tracks.get(track) else { return 0 };
        let mut lanes = track.numbers(track.have.all());
        self.dice.shuffle(&mut lanes);
        let own = track.homes & !track.lent;
        let feeds = |s: usize| track.lanes.get(s).map_or(0, |l| l.children.len());
        let slack = |s: usize| self.audience.slack(track.config.track, s).unwrap_or(0);
        lanes.sort_by_key(|s| (own >> s & 1 == 0, Reverse(feeds(*s)), slack(*s)));
        lanes.iter().take(count).fold(0, |mask, s| mask | 1 << s)
    }

    /// A newcomer that feeds nobody yet moves its home to where upload is needed.
    pub(crate) fn move_home(&mut self, need: &[u32]) {
        if !self.has(Mechanism::NeededHomes) {
            return;
        }
        for at in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(at) else { continue };
            let homes = track.homes.count_ones();
            let wanted = need.get(at).copied().unwrap_or(0) & track.have.all();
            let busy = track.lanes.iter().any(|l| !l.children.is_empty());
            if homes == 0 || busy || wanted == 0 {
                continue;
            }
            let Some(first) = self.dice.pick(&track.numbers(wanted)).copied() else { continue };
            let homes = row(first, homes, track.lanes.len());
            if let Some(track) = self.tracks.get_mut(at) {
                track.settle(homes);
            }
        }
    }

    /// Once a second: serves in one more substream that lacks slots, and no longer where it is not
    /// needed.
    pub(crate) fn lend_homes(&mut self, now: Time) {
        let may = self.has(Mechanism::LentHomes) && self.leaving.is_none();
        if !may || !self.audience.known() {
            return;
        }
        for at in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(at).filter(|t| !t.is_small()) else { continue };
            if track.lent != 0 {
                self.return_homes(now, at);
                continue;
            }
            let viewers = self.audience.viewers().max(1) as usize;
            if viewers > track.lanes.len() * FEW_A_SUBSTREAM {
                continue;
            }
            let scarce = track.numbers(self.lacking(track, SCARCE) & !track.homes);
            let (all, free) = (self.slots(track), self.free_bps() / track.slot_bps());
            if scarce.is_empty() || free < SPARE_SLOTS.max(all / SPARE_SHARE) {
                continue;
            }
            let willing = self.dice.below(viewers) < VOLUNTEERS;
            let Some(lane) = self.dice.pick(&scarce).copied().filter(|_| willing) else { continue };
            self.counters.lent_homes += 1;
            if let Some(track) = self.tracks.get_mut(at) {
                track.homes |= 1 << lane;
                track.lent |= 1 << lane;
                track.lent_at = now;
            }
        }
    }

    /// Gives up what was lent and is not needed, once the sums have had their time.
    fn return_homes(&mut self, now: Time, track: usize) {
        let Some(track) = self.tracks.get_mut(track) else { return };
        if now.since(track.lent_at) < SETTLED {
            return;
        }
        let idle = |s: &usize| track.lanes.get(*s).is_some_and(|l| l.children.is_empty());
        let idle = track.numbers(track.lent).into_iter().filter(idle);
        let idle = idle.fold(0, |mask, s| mask | 1 << s);
        track.homes &= !idle;
        track.lent &= !idle;
    }

    /// Substreams whose slack is the `part`th of the average or less, one bit each.
    pub(crate) fn lacking(&self, track: &Track, part: u64) -> u32 {
        let slack = |s: usize| u64::from(self.audience.slack(track.config.track, s).unwrap_or(0));
        let lanes = track.lanes.len();
        let sum: u64 = (0..lanes).map(slack).sum();
        let few = |s: &usize| slack(*s) * lanes as u64 * part <= sum;
        (0..lanes).filter(few).fold(0, |mask, s| mask | 1 << s)
    }
}

/// `count` of so many substreams from `first` on.
fn row(first: usize, count: u32, lanes: usize) -> u32 {
    (0..count as usize).fold(0, |mask, i| mask | 1 << ((first + i) % lanes.max(1)))
}

impl Track {
    /// Serves in these substreams.
    fn settle(&mut self, homes: u32) {
        self.homes = homes;
        self.lent = 0;
    }

    /// The substreams of a mask.
    fn numbers(&self, mask: u32) -> Vec<usize> {
        (0..self.lanes.len()).filter(|s| mask >> s & 1 == 1).collect()
    }
}
