//! Parents and children: giving slots, taking them, and the path to the origin.
//!
//! Invariants: the path of a node never contains the node itself (checked when a slot is given, when
//! it is taken and on every update, because orphans that attach at the same time can make cycles).

use core::time::Duration;

use crate::config::Role;
use crate::eviction::GRACE;
use crate::lane::{Child, LaneId, Parent};
use crate::message::{Accept, Attach, Detach, Flags, Hop, Message, Path, PathUpdate};
use crate::output::Event;
use crate::slots::Verdict;
use crate::uplink::{Class, Entry};
use crate::{Mechanism, NodeId, PeerIndex, Swarm, Time};

/// Who sits in a lifeboat looks for a proper place after this.
const LIFEBOAT_REST: Duration = Duration::from_millis(1_000);
/// A path longer than this is a loop in the making (mean depth at 100,000 viewers: 5.7, worst 15).
const MAX_DEPTH: usize = 24;
/// Pieces sent at once to a new child: its gap since `from` (findings, section 2: at most 40).
const MAX_BACKFILL: usize = 48;
/// Repair and backfill stop when their queue is longer (DESIGN, "Repair").
pub(crate) const REPAIR_STOP: Duration = Duration::from_millis(400);
/// A parent that failed is not asked again for this long (findings, R8).
const BAN: Duration = Duration::from_secs(30);
const MAX_BANS: usize = 64;
/// The address of the origin is told down to this depth (findings 2, M2).
const ROOT_DEPTH: usize = 3;
/// Changes of `room` alone are told at most this often.
const ROOM_PERIOD: Duration = Duration::from_secs(1);

/// For whom a piece is in the repair class; its rank there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum For {
    /// Somebody who has asked for it, or is promised a share of the GOP.
    Asker,
    /// A child: no more once it has gone elsewhere.
    Child,
}

impl Swarm {
    /// Gives a slot to `who`: at once to a neighbour, else after dialling it.
    pub(crate) fn grant(&mut self, now: Time, who: crate::Contact, ask: Attach, verdict: Verdict) {
        match self.peers.find(&who.node) {
            Some(peer) => self.grant_to(now, peer, &ask, verdict),
            None => self.reach(now, who, crate::dial::Purpose::Grant(ask)),
        }
    }

    /// The node that was promised a slot is connected: things may have changed meanwhile.
    pub(crate) fn grant_late(&mut self, now: Time, peer: PeerIndex, ask: Attach) {
        let Some(node) = self.peers.get(peer).map(|p| p.info.node) else { return };
        match self.judge(now, &node, peer, &ask) {
            Verdict::No => self.reject(peer, &ask),
            verdict => self.grant_to(now, peer, &ask, verdict),
        }
    }

    fn grant_to(&mut self, now: Time, peer: PeerIndex, ask: &Attach, verdict: Verdict) {
        let Verdict::Take { temporary, evict } = verdict else { return };
        let id = LaneId { track: ask.track, substream: ask.substream };
        if let Some((lane, child)) = evict {
            self.counters.preemptions += 1;
            self.evict(now, lane, child, false);
        }
        let Some(generation) = self.peers.get(peer).map(|p| p.generation) else { return };
        let child = Child {
            peer,
            generation,
            fan: ask.fan,
            after: self.pushes_after(id),
            leaving: None,
            last: None,
            temporary: temporary.then(|| now + GRACE),
            slack: u32::from(ask.fan),
            count: 1,
            capacity_kbps: 0,
            full: false,
        };
        let Some(lane) = self.lane_mut(id) else { return };
        let known = lane.remove_child(peer);
        lane.add_child(child);
        let accept = Accept {
            token: ask.token,
            track: id.track,
            substream: id.substream,
            temporary,
            path: Path(self.own_path(id)),
            newest: self.pushes_after(id),
            root: self.root_for_child(id),
        };
        self.send(peer, Message::Accept(accept));
        if let Some(from) = ask.from.filter(|_| !known && !ask.flags.has(Flags::LIFEBOAT)) {
            self.backfill(now, peer, id, self.backfill_from(id, from, ask.flags));
        }
        self.touch_path(id);
    }

    /// What a new child is pushed is newer than this chunk: the newest here, or, where the own parent
    /// is so new that nothing has come yet, the newest there.
    fn pushes_after(&self, id: LaneId) -> Option<u32> {
        let here = self.track(id.track).and_then(|t| t.newest(id.substream));
        here.max(self.lane(id).and_then(|l| l.parent.as_ref()?.after))
    }

    /// Where the backfill begins: for those who don't play yet, and for those who have heard nothing for
    /// longer than is kept, at the newest keyframe that others have as well by now.
    fn backfill_from(&self, id: LaneId, from: u32, flags: Flags) -> u32 {
        let cut_off = self.track(id.track).is_some_and(|t| from < t.have.base());
        if !flags.has(Flags::FRESH) && !cut_off {
            return from;
        }
        let start = self.starts().into_iter().find(|s| s.track == id.track);
        start.map_or(from, |s| s.chunk.max(from))
    }

    /// Sends what a new child lacks since chunk `from`, in the repair class.
    pub(crate) fn backfill(&mut self, now: Time, peer: PeerIndex, id: LaneId, from: u32) {
        let track = self.track(id.track).filter(|_| self.has(Mechanism::Backfill));
        let Some(track) = track else { return };
        let Some(newest) = track.have.newest() else { return };
        let chunks = from.max(track.have.base())..=newest;
        let pieces: Vec<_> =
            chunks.flat_map(|c| track.have.pieces(c, id.substream)).take(MAX_BACKFILL).collect();
        for (piece, len) in pieces {
            self.push_repair(now, peer, piece, len, For::Child);
        }
    }

    /// Puts a piece in the repair class; false if its queue is too long.
    pub(crate) fn push_repair(
        &mut self,
        now: Time,
        peer: PeerIndex,
        piece: crate::PieceId,
        len: u32,
        whom: For,
    ) -> bool {
        let Some(generation) = self.peers.get(peer).map(|p| p.generation) else { return false };
        let Some(track) = self.track(piece.track) else { return false };
        if self.repair_delay() > REPAIR_STOP && !track.is_small() {
            return false;
        }
        let due = track.repair_due(track.have.capture_ms(piece.chunk).unwrap_or(0));
        let rank = whom as u16;
        let entry = Entry { due, rank, number: 0, peer, generation, piece, len, queued: now };
        self.uplink.push(Class::Repair, entry)
    }

    /// The way from the origin to this node.
    pub(crate) fn own_path(&self, id: LaneId) -> Vec<Hop> {
        let Some(lane) = self.lane(id) else { return Vec::new() };
        let mut path = lane.path.clone();
        path.push(Hop { id: self.config.node.short(), room: self.room(id) });
        path
    }

    /// The way to the origin as others may see it: who stands below a hidden one begins it.
    fn shown_path(&self, parent: PeerIndex, path: Vec<Hop>) -> Vec<Hop> {
        if self.peers.get(parent).is_some_and(|p| p.info.hidden) { Vec::new() } else { path }
    }

    fn room(&self, id: LaneId) -> u16 {
        let Some(lane) = self.lane(id) else { return u16::MAX };
        let home = self.track(id.track).is_some_and(|t| t.is_home(id.substream));
        let full = if self.is_root() {
            lane.staying().count() >= self.quota(id)
        } else {
            self.track(id.track).is_none_or(|t| self.free_bps() < t.slot_bps())
        };
        match lane.staying().map(|c| c.fan).min() {
            _ if !home => u16::MAX,
            _ if !full => 0,
            Some(fan) => fan.saturating_add(1),
            None => u16::MAX,
        }
    }

    fn root_for_child(&self, id: LaneId) -> Option<crate::Contact> {
        let depth = self.lane(id).map_or(usize::MAX, |l| l.path.len());
        if depth < ROOT_DEPTH { self.root } else { None }
    }

    /// A slot has been offered.
    pub(crate) fn on_accept(&mut self, now: Time, peer: PeerIndex, accept: Accept) {
        let id = LaneId { track: accept.track, substream: accept.substream };
        let me = self.config.node.short();
        let banned = self.is_banned(now, peer);
        let Some(lane) = self.lane_mut(id) else {
            return self.detach(peer, id, false, None);
        };
        lane.search.open.retain(|(token, _)| *token != accept.token);
        if let Some(parent) = lane.parent.as_mut().filter(|p| p.peer == peer) {
            // Who fed us for a while, or had asked us to go, keeps us.
            parent.temporary &= accept.temporary;
            parent.evicted = false;
            if !lane.is_seeking() {
                lane.search.finish();
            }
            return;
        }
        let welcome = lane.search.tokens.contains(&accept.token);
        let path = accept.path.0;
        let loops = path.iter().any(|h| h.id == me) || lane.child(peer).is_some();
        let good = !path.is_empty() && path.len() <= MAX_DEPTH && !loops && !banned;
        self.counters.loops += u64::from(loops);
        if !welcome || !good {
            return self.detach(peer, id, false, None);
        }
        let replaces_silent = self.lane(id).is_some_and(|l| l.is_orphan() && l.timing.is_some());
        self.leave_parent(now, id, accept.newest);
        if accept.root.is_some() && self.root.is_none() {
            self.root = accept.root;
        }
        let shown = self.shown_path(peer, path);
        let Some(lane) = self.lane_mut(id) else { return };
        lane.parent = Some(Parent {
            peer,
            since: now,
            temporary: accept.temporary,
            evicted: false,
            suspect: None,
            held_until: Time::ZERO,
            held_since: None,
            last: None,
            after: accept.newest,
        });
        lane.path = shown;
        lane.search.finish();
        if accept.temporary {
            lane.search.after = now + LIFEBOAT_REST;
        }
        if let Some(since) = lane.lost.take() {
            let after_ms = u32::try_from(now.since(since).as_millis()).unwrap_or(u32::MAX);
            self.event(Event::Reattached { after_ms });
            self.counters.reattached += 1;
        }
        self.on_attached(now);
        self.send_path(now, id);
        if replaces_silent {
            self.pull_gap(now, peer, id, accept.newest);
        }
    }

    pub(crate) fn ban(&mut self, now: Time, node: NodeId) {
        if self.bans.len() < MAX_BANS || self.bans.contains_key(&node) {
            self.bans.insert(node, now + BAN);
        }
        self.view.remove(&node);
    }

    pub(crate) fn is_banned(&self, now: Time, peer: PeerIndex) -> bool {
        let node = self.peers.get(peer).map(|p| p.info.node);
        node.is_some_and(|n| self.bans.get(&n).is_some_and(|until| *until > now))
    }

    pub(crate) fn detach(&mut self, peer: PeerIndex, id: LaneId, parent: bool, after: Option<u32>) {
        let body = Detach { track: id.track, substream: id.substream, parent, after };
        self.send(peer, Message::Detach(body));
    }

    pub(crate) fn on_detach(&mut self, now: Time, peer: PeerIndex, m: &Detach) {
        let id = LaneId { track: m.track, substream: m.substream };
        if m.parent {
            return self.parent_gone(now, id, peer);
        }
        self.let_go(now, peer, id, m.after);
    }

    /// A parent has let go of us or is gone.
    pub(crate) fn parent_gone(&mut self, now: Time, id: LaneId, peer: PeerIndex) {
        let Some(lane) = self.lane_mut(id) else { return };
        if !lane.parent_is(peer) {
            return;
        }
        lane.parent = None;
        lane.lost.get_or_insert(now);
        self.counters.lost_parents += 1;
        self.send_hold(now, id);
        self.seek(now, id);
    }

    /// The way to the origin has changed.
    pub(crate) fn on_path(&mut self, now: Time, peer: PeerIndex, m: PathUpdate) {
        let id = LaneId { track: m.track, substream: m.substream };
        let me = self.config.node.short();
        let Some(lane) = self.lane_mut(id) else { return };
        if !lane.parent_is(peer) {
            return;
        }
        let path = m.path.0;
        if path.is_empty() || path.len() > MAX_DEPTH || path.iter().any(|h| h.id == me) {
            lane.parent = None;
            lane.lost.get_or_insert(now);
            self.counters.loops += 1;
            self.detach(peer, id, false, None);
            return self.seek(now, id);
        }
        let path = self.shown_path(peer, path);
        let Some(lane) = self.lane_mut(id) else { return };
        let moved = path.iter().map(|h| h.id).ne(lane.path.iter().map(|h| h.id));
        let changed = path != lane.path;
        lane.path = path;
        if m.root.is_some() {
            self.root = m.root;
        }
        if moved {
            self.send_path(now, id);
        } else if changed {
            self.touch_path(id);
        }
    }

    /// The children will hear of the path at the next occasion.
    pub(crate) fn touch_path(&mut self, id: LaneId) {
        if let Some(lane) = self.lane_mut(id) {
            lane.path_dirty = true;
        }
    }

    /// Tells the children the path now: its nodes have changed.
    fn send_path(&mut self, now: Time, id: LaneId) {
        let path = Path(self.own_path(id));
        let root = self.root_for_child(id);
        let Some(lane) = self.lane_mut(id) else { return };
        lane.path_dirty = false;
        lane.path_sent = now;
        let children: Vec<PeerIndex> = lane.children.iter().map(|c| c.peer).collect();
        for peer in children {
            let (track, substream) = (id.track, id.substream);
            let body = PathUpdate { track, substream, path: path.clone(), root };
            self.send(peer, Message::PathUpdate(body));
        }
    }

    /// Tells the children about changed room, once a second at most.
    pub(crate) fn flush_paths(&mut self, now: Time) {
        for id in self.lane_ids() {
            let due = |l: &crate::lane::Lane| {
                l.path_dirty && !l.children.is_empty() && now.since(l.path_sent) >= ROOM_PERIOD
            };
            if self.lane(id).is_some_and(due) {
                self.send_path(now, id);
            }
        }
    }

    /// Hops to the origin in a substream; `None` without a parent.
    pub(crate) fn depth(&self, id: LaneId) -> Option<u8> {
        if self.config.role == Role::Origin {
            return Some(0);
        }
        let lane = self.lane(id)?;
        lane.parent.as_ref()?;
        u8::try_from(lane.path.len()).ok()
    }
}
