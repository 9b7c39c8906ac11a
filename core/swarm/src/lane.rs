//! One substream of one track as this node sees it: the parent, the children, the search.

use core::time::Duration;

use crate::message::Hop;
use crate::strays::Stray;
use crate::{PeerIndex, Time, TrackId};

/// Names a substream of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneId {
    pub(crate) track: TrackId,
    pub(crate) substream: u8,
}

/// When pieces arrive, measured as arrival minus capture on this node's own clock: the unknown
/// offset between the clocks is a constant part of it and cancels out wherever two are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// Smoothed offset in microseconds (weight .15: findings, R7).
    pub(crate) offset: i64,
    /// Smoothed deviation in microseconds (weight .1).
    pub(crate) deviation: i64,
}

/// Deviation assumed after the first piece (prototype: 40 ms).
const FIRST_DEVIATION: i64 = 40_000;

/// The deviation counts at least this much, so that a very even link is not judged by its last
/// millisecond.
const LEAST_DEVIATION: i64 = 2_000;

impl Timing {
    pub(crate) const fn first(offset: i64) -> Self {
        Self { offset, deviation: FIRST_DEVIATION }
    }

    pub(crate) fn add(&mut self, offset: i64) {
        let error = offset - self.offset;
        self.offset += error * 15 / 100;
        self.deviation += (error.abs() - self.deviation) / 10;
    }

    /// The offset that a punctual piece does not exceed.
    pub(crate) fn limit(&self) -> i64 {
        self.offset + 2 * self.deviation.max(LEAST_DEVIATION)
    }
}

/// The newest piece that the parent has pushed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastPush {
    pub(crate) chunk: u32,
    pub(crate) capture_ms: u32,
    pub(crate) next_due_ms: u16,
    /// When it came.
    pub(crate) at: Time,
}

/// Who feeds us.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) peer: PeerIndex,
    pub(crate) since: Time,
    /// For 3 seconds only.
    pub(crate) temporary: bool,
    /// It has asked us to go.
    pub(crate) evicted: bool,
    /// Since when it is late beyond doubt.
    pub(crate) suspect: Option<Time>,
    /// It has told us that pieces are late above it.
    pub(crate) held_until: Time,
    /// When the hold began (holds are honoured for 1.5 s at most).
    pub(crate) held_since: Option<Time>,
    pub(crate) last: Option<LastPush>,
    /// It pushes what is newer than this chunk.
    pub(crate) after: Option<u32>,
}

/// What the old parent still owes after a move.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handover {
    /// The last chunk that it sends.
    pub(crate) until: u32,
    /// From then on it is asked of the new parent.
    pub(crate) due: Time,
}

/// Whom we feed.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) peer: PeerIndex,
    pub(crate) generation: u32,
    pub(crate) fan: u16,
    /// It has been pushed what is newer than this chunk.
    pub(crate) after: Option<u32>,
    /// It has been asked to go; it is served until this moment at most.
    pub(crate) leaving: Option<Time>,
    /// It has another parent by now and takes no chunk after this one.
    pub(crate) last: Option<u32>,
    /// It is here for a while only.
    pub(crate) temporary: Option<Time>,
    pub(crate) slack: u32,
    pub(crate) count: u32,
    pub(crate) capacity_kbps: u64,
    /// It has told that neither it nor anybody below it has a free slot here.
    pub(crate) full: bool,
}

/// The search for a parent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    /// Rounds since the substream was last in order.
    pub(crate) tries: u8,
    /// The questions that are open: token, when to give up.
    pub(crate) open: Vec<(u64, Time)>,
    /// Answers to these are still welcome (includes greeters' and climbs).
    pub(crate) tokens: Vec<u64>,
    /// Neighbours asked lately, not to be asked again at once.
    pub(crate) asked: Vec<(PeerIndex, Time)>,
    /// No new round before this.
    pub(crate) after: Time,
    /// Greeters that have found nobody.
    pub(crate) refused: u8,
}

/// Searches remembered for late answers.
const MAX_TOKENS: usize = 12;

/// A neighbour that could not help is left alone for this long.
const ASK_AGAIN: Duration = Duration::from_millis(1_500);

impl Search {
    pub(crate) fn remember(&mut self, token: u64) {
        if self.tokens.len() >= MAX_TOKENS {
            self.tokens.remove(0);
        }
        self.tokens.push(token);
    }

    pub(crate) fn asked_lately(&self, now: Time, peer: PeerIndex) -> bool {
        self.asked.iter().any(|(p, at)| *p == peer && now.since(*at) < ASK_AGAIN)
    }

    pub(crate) fn note_asked(&mut self, now: Time, peer: PeerIndex) {
        self.asked.retain(|(_, at)| now.since(*at) < ASK_AGAIN);
        self.asked.push((peer, now));
    }

    pub(crate) fn finish(&mut self) {
        self.tries = 0;
        self.open.clear();
        self.asked.clear();
        self.tokens.clear();
        self.after = Time::ZERO;
        self.refused = 0;
    }
}

/// Everything about one substream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    pub(crate) parent: Option<Parent>,
    /// From the origin to the parent, both included; kept while the parent is gone, so that a
    /// descendant that is asked can still see that it is one.
    pub(crate) path: Vec<Hop>,
    pub(crate) children: Vec<Child>,
    pub(crate) search: Search,
    pub(crate) handover: Option<Handover>,
    pub(crate) timing: Option<Timing>,
    /// Who pushes it besides.
    pub(crate) strays: Vec<Stray>,
    /// Since when there is no (working) parent.
    pub(crate) lost: Option<Time>,
    /// When we last told the children to hold.
    pub(crate) hold_sent: Option<Time>,
    pub(crate) climb_after: Time,
    pub(crate) climbs: u8,
    /// The slack that the parent was last told of.
    pub(crate) slack_told: u32,
    /// When the children last got the path.
    pub(crate) path_sent: Time,
    pub(crate) path_dirty: bool,
}

impl Child {
    /// Whether it still takes pieces of a chunk.
    pub(crate) fn takes(&self, chunk: u32) -> bool {
        self.last.is_none_or(|last| chunk <= last)
    }
}

impl Lane {
    pub(crate) fn parent_is(&self, peer: PeerIndex) -> bool {
        self.parent.as_ref().is_some_and(|p| p.peer == peer)
    }

    pub(crate) fn child(&self, peer: PeerIndex) -> Option<&Child> {
        self.children.iter().find(|c| c.peer == peer)
    }

    pub(crate) fn child_mut(&mut self, peer: PeerIndex) -> Option<&mut Child> {
        self.children.iter_mut().find(|c| c.peer == peer)
    }

    /// Children that are here to stay.
    pub(crate) fn staying(&self) -> impl Iterator<Item = &Child> {
        self.children.iter().filter(|c| c.leaving.is_none())
    }

    /// Puts a child in its place: more fan first.
    pub(crate) fn add_child(&mut self, child: Child) {
        let at = self.children.iter().position(|c| c.fan < child.fan);
        self.children.insert(at.unwrap_or(self.children.len()), child);
    }

    /// Moves a child to where its fan by now belongs.
    pub(crate) fn revalue(&mut self, peer: PeerIndex, fan: u16) {
        let Some(at) = self.children.iter().position(|c| c.peer == peer && c.fan != fan) else {
            return;
        };
        let child = self.children.remove(at);
        self.add_child(Child { fan, ..child });
    }

    pub(crate) fn remove_child(&mut self, peer: PeerIndex) -> bool {
        let before = self.children.len();
        self.children.retain(|c| c.peer != peer);
        self.children.len() < before
    }

    /// A parent is wanted: there is none, or not one to rely on.
    pub(crate) fn is_seeking(&self) -> bool {
        self.parent.as_ref().is_none_or(|p| p.suspect.is_some() || p.evicted || p.temporary)
    }

    /// Nothing arrives, or soon won't.
    pub(crate) fn is_orphan(&self) -> bool {
        self.parent.as_ref().is_none_or(|p| p.suspect.is_some())
    }

    pub(crate) fn path_has(&self, id: u64) -> bool {
        self.path.iter().any(|h| h.id == id)
    }
}
