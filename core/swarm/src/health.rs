//! Is a substream still alive? Judged by when pieces arrive, never by what a parent claims.
//!
//! 50 ms late: the children are told to hold, so that a subtree doesn't move because of one dead
//! ancestor. 250 ms late and not held: the parent is suspect; it is *kept* while others are asked,
//! and all is forgotten if it resumes. Leaving first made storms without any churn
//! (`evidence/swarm-findings.md`, section 5, 4).

use core::time::Duration;

use crate::lane::{LaneId, LastPush, Parent, Timing};
use crate::message::{Hold, Message};
use crate::{Mechanism, PeerIndex, Piece, Swarm, Time};

/// Late by this: warn the subtree (findings, R7).
const WARN_US: i64 = 50_000;
/// Late by this: look for another parent (findings, R7; 150 made storms).
const SUSPECT_US: i64 = 250_000;
/// How long one HOLD counts (findings, R7).
const HOLD: Duration = Duration::from_millis(500);
/// HOLD is repeated after this.
const HOLD_AGAIN: Duration = Duration::from_millis(350);
/// Holds in a row are believed this long.
const MAX_HOLD: Duration = Duration::from_millis(1_500);
/// A new parent is given this long before it is judged (findings: 200 ms).
const SETTLE: Duration = Duration::from_millis(200);
/// A new parent is believed this long without a piece.
const FRESH: Duration = Duration::from_millis(300);
/// A new parent that has not sent anything: two chunks and this (findings: 150 ms).
const FIRST_PUSH: Duration = Duration::from_millis(150);

impl Swarm {
    /// A piece has come in the live class: if from the parent of its substream, it says how that
    /// substream is.
    pub(crate) fn on_push(&mut self, now: Time, from: PeerIndex, piece: &Piece) {
        let id = LaneId { track: piece.id.track, substream: piece.id.substream };
        let Some(lane) = self.lane_mut(id) else { return };
        let Some(parent) = lane.parent.as_mut().filter(|p| p.peer == from) else {
            return self.on_stray(now, from, id);
        };
        let offset = offset_us(now, piece.capture_ms);
        let fresh = parent.last.is_none_or(|l| piece.id.chunk >= l.chunk);
        if !fresh {
            return;
        }
        match (&mut lane.timing, parent.last.is_some()) {
            (Some(timing), true) => timing.add(offset),
            (timing, _) => *timing = Some(Timing::first(offset)),
        }
        parent.last = Some(LastPush {
            chunk: piece.id.chunk,
            capture_ms: piece.capture_ms,
            next_due_ms: piece.next_due_ms,
            at: now,
        });
        parent.held_since = None;
        parent.held_until = Time::ZERO;
        if parent.suspect.take().is_some() && !parent.evicted && !parent.temporary {
            // It was only late: whoever accepts now is sent away again.
            lane.search.finish();
            lane.lost = None;
            self.counters.false_alarms += 1;
        }
    }

    /// How late the next piece of a substream is, in microseconds; negative while it isn't due.
    pub(crate) fn lateness_us(&self, now: Time, id: LaneId) -> Option<i64> {
        let (track, lane) = (self.track(id.track)?, self.lane(id)?);
        let parent = lane.parent.as_ref()?;
        let settled = parent.since + SETTLE;
        let due = match (parent.last, lane.timing) {
            (Some(last), Some(timing)) => {
                let pause = Duration::from_millis(last.next_due_ms.into());
                let by_clock =
                    i64::from(last.capture_ms) * 1000 + timing.limit() + signed_us(pause);
                by_clock.max(signed(last.at + pause)).max(signed(settled))
            }
            _ => {
                let chunk = Duration::from_millis(u64::from(track.config.chunk_ms));
                let rtt = self.peers.get(parent.peer).map_or(Duration::ZERO, |p| p.link.rtt());
                signed(parent.since + chunk * 2 + FIRST_PUSH + rtt)
            }
        };
        Some(signed(now) - due.max(signed(self.judges_from)))
    }

    /// Whether pieces flow, or are about to: only then may others become children.
    pub(crate) fn is_healthy(&self, now: Time, id: LaneId) -> bool {
        if self.is_root() {
            return true;
        }
        let Some(lane) = self.lane(id) else { return false };
        let fresh = self.is_fresh(now, id);
        let flows = |p: &Parent| (p.last.is_some() || fresh) && p.suspect.is_none();
        lane.parent.as_ref().is_some_and(flows)
            && self.lateness_us(now, id).is_some_and(|late| late < SUSPECT_US)
    }

    /// The parent has just been found, by what it had to show, and its first piece is on the way.
    fn is_fresh(&self, now: Time, id: LaneId) -> bool {
        let parent = self.lane(id).and_then(|l| l.parent.as_ref());
        parent.is_some_and(|p| p.last.is_none() && now.since(p.since) < FRESH)
    }

    /// Whether this node can save somebody who has every piece of a substream before `from`: its own
    /// parent must be in time and have pushed a newer one. Otherwise those who have lost the same
    /// ancestor cling to each other.
    pub(crate) fn is_ahead(&self, now: Time, id: LaneId, from: u32) -> bool {
        if self.is_root() || self.is_fresh(now, id) {
            return true;
        }
        let last = self.lane(id).and_then(|l| l.parent.as_ref()?.last);
        last.is_some_and(|l| l.chunk >= from)
            && self.lateness_us(now, id).is_some_and(|late| late < WARN_US)
    }

    /// Looks at every substream.
    pub(crate) fn check_health(&mut self, now: Time) {
        for id in self.lane_ids() {
            self.check_lane(now, id);
        }
    }

    fn check_lane(&mut self, now: Time, id: LaneId) {
        let late = self.lateness_us(now, id);
        let orphan = self.lane(id).is_some_and(|l| l.is_orphan());
        if orphan || late.is_some_and(|l| l > WARN_US) {
            self.send_hold(now, id);
        }
        let Some(late) = late else { return };
        let Some(parent) = self.lane_mut(id).and_then(|l| l.parent.as_mut()) else { return };
        let held = now < parent.held_until;
        if late <= SUSPECT_US || held || parent.suspect.is_some() {
            return;
        }
        parent.suspect = Some(now);
        if let Some(lane) = self.lane_mut(id) {
            lane.lost.get_or_insert(now);
            lane.search.finish();
        }
        self.counters.suspicions += 1;
        if !self.has(Mechanism::KeptSuspects) {
            self.leave_parent(now, id, None);
        }
        self.seek(now, id);
    }

    /// Tells the children that pieces are late above them.
    pub(crate) fn send_hold(&mut self, now: Time, id: LaneId) {
        let holds = self.has(Mechanism::Holds);
        let Some(lane) = self.lane_mut(id) else { return };
        let again = lane.hold_sent.is_none_or(|at| now.since(at) >= HOLD_AGAIN);
        // Who has been without pieces for long can't speak for the subtree any more.
        let stale = lane.lost.is_some_and(|since| now.since(since) > MAX_HOLD);
        if lane.children.is_empty() || !again || stale || !holds {
            return;
        }
        lane.hold_sent = Some(now);
        let children: Vec<PeerIndex> = lane.children.iter().map(|c| c.peer).collect();
        for peer in children {
            let body = Hold { track: id.track, substream: id.substream };
            self.send(peer, Message::Hold(body));
        }
    }

    pub(crate) fn on_hold(&mut self, now: Time, peer: PeerIndex, m: &Hold) {
        let id = LaneId { track: m.track, substream: m.substream };
        let Some(lane) = self.lane_mut(id) else { return };
        let Some(parent) = lane.parent.as_mut().filter(|p| p.peer == peer) else { return };
        let since = *parent.held_since.get_or_insert(now);
        if now.since(since) > MAX_HOLD {
            return;
        }
        parent.held_until = now + HOLD;
        self.send_hold(now, id);
    }
}

/// Arrival on our clock minus capture on the origin's.
pub(crate) fn offset_us(now: Time, capture_ms: u32) -> i64 {
    signed(now) - i64::from(capture_ms) * 1000
}

fn signed_us(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn signed(time: Time) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
