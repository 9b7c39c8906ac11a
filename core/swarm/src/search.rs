//! Looking for a parent: ATTACH goes to neighbours, who forward it recursively.
//!
//! Asking one by one took 3.1 s to join in the prototype, this 0.8 s. Bounds: a search is handled
//! once by each node (by its token), forwarded [`TTL`] times at most, and repeated with growing
//! pauses.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::lane::{Child, LaneId};
use crate::message::{Attach, Flags, Message, Reject};
use crate::peer::Peer;
use crate::slots::Verdict;
use crate::{Contact, Mechanism, PeerIndex, PeerInfo, Swarm, Time, TrackId};

/// Forwardings of one search (findings, R2; 6 helps in flash crowds only).
pub(crate) const TTL: u8 = 4;
/// Who loses its parent asks this many at once (findings, R8).
const LIFEBOATS_ASKED: usize = 3;
/// Other searches ask this many at once.
const ASKED: usize = 2;
/// From this many failed rounds on, slots outside the homes may be used (findings, R3).
const EMERGENCY_AFTER: u8 = 3;
/// A search that is forwarded may take this long beyond the round trip (findings: 450 ms).
const FORWARDED_WAIT: Duration = Duration::from_millis(450);
/// A lifeboat answers at once (findings: 80 ms).
const DIRECT_WAIT: Duration = Duration::from_millis(80);
/// Who has lost a parent tries elsewhere after this, although the answer may still come.
const LIFEBOAT_WAIT: Duration = Duration::from_millis(150);
/// Pause after a failed round, doubled each time...
const PAUSE: Duration = Duration::from_millis(25);
/// ...up to this.
const MAX_PAUSE: Duration = Duration::from_millis(1_000);
/// Dials to the origin in one round that are hoped for, if everybody looked for a parent and each
/// could feed one other (findings 2, M2).
const ROOT_DIALS: usize = 12;
/// Nodes named in one search at most.
const MAX_SEEN: usize = 16;
/// Tokens remembered (a second of the busiest node measured handles under 500).
const MAX_ROUTES: usize = 1_024;
const ROUTE_AGE: Duration = Duration::from_secs(3);
/// Parents that a CLIMB may pass.
const MAX_CLIMB: u8 = 24;

/// Searches that passed here: to handle each once and to send a REJECT back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes(BTreeMap<(u64, TrackId, u8), (PeerIndex, Time)>);

impl Routes {
    /// False if the token has been seen before, or too many are remembered.
    fn add(&mut self, now: Time, ask: &Attach, from: PeerIndex) -> bool {
        let key = (ask.token, ask.track, ask.substream);
        if self.0.contains_key(&key) || self.0.len() >= MAX_ROUTES {
            return false;
        }
        self.0.insert(key, (from, now));
        true
    }

    fn back(&self, m: &Reject) -> Option<PeerIndex> {
        self.0.get(&(m.token, m.track, m.substream)).map(|(back, _)| *back)
    }

    pub(crate) fn expire(&mut self, now: Time) {
        self.0.retain(|_, (_, at)| now.since(*at) < ROUTE_AGE);
    }
}

impl Swarm {
    /// Looks for a parent wherever one is due.
    pub(crate) fn check_searches(&mut self, now: Time) {
        if self.leaving.is_some() {
            return;
        }
        for id in self.lane_ids() {
            let Some(lane) = self.lane_mut(id) else { continue };
            lane.search.open.retain(|(_, until)| *until > now);
            if lane.is_seeking() && lane.search.open.is_empty() && now >= lane.search.after {
                self.seek(now, id);
            }
        }
    }

    /// Orphans try at once: the origin has become reachable.
    pub(crate) fn hurry_orphans(&mut self, now: Time) {
        let Some(root) = self.root_peer() else { return };
        for id in self.lane_ids() {
            let orphan = self.lane(id).is_some_and(|l| l.is_orphan() && l.search.tries > 0);
            if orphan {
                self.seek_from(now, id, root, Flags::default());
            }
        }
    }

    /// One round of a search.
    pub(crate) fn seek(&mut self, now: Time, id: LaneId) {
        let Some(lane) = self.lane_mut(id) else { return };
        if !lane.is_seeking() {
            return;
        }
        lane.search.tries = lane.search.tries.saturating_add(1);
        let (tries, orphan) = (lane.search.tries, lane.is_orphan());
        let pause = PAUSE * (1u32 << tries.saturating_sub(1).min(6));
        lane.search.after = now + pause.min(MAX_PAUSE);
        let fed = self.may_board(id);
        let lifeboat = orphan && fed && tries <= EMERGENCY_AFTER;
        let targets = self.targets(now, id, lifeboat);
        let flags = if orphan && fed { Flags::LIFEBOAT } else { Flags::default() };
        let flags = self.emergency(id, tries, flags);
        let ttl = if lifeboat { 0 } else { TTL };
        let token = self.dice.token();
        for peer in targets {
            self.ask(now, id, peer, token, flags, ttl);
        }
        self.ask_root(now, id, tries);
    }

    /// A round that goes to one neighbour only.
    pub(crate) fn seek_from(&mut self, now: Time, id: LaneId, peer: PeerIndex, flags: Flags) {
        if self.lane(id).is_none_or(|l| !l.is_seeking()) {
            return;
        }
        let token = self.dice.token();
        let tries = self.lane(id).map_or(0, |l| l.search.tries);
        let flags = self.emergency(id, tries, flags);
        self.ask(now, id, peer, token, flags, TTL);
    }

    /// Whether a search may ask for a lifeboat: only for a substream that was fed before.
    fn may_board(&self, id: LaneId) -> bool {
        self.has(Mechanism::Lifeboats) && self.lane(id).is_some_and(|l| l.timing.is_some())
    }

    fn emergency(&self, id: LaneId, tries: u8, flags: Flags) -> Flags {
        let dry = self.audience.slack(id.track, usize::from(id.substream)) == Some(0);
        let plays = self.track(id.track).is_some_and(|t| t.playhead.is_some());
        let flags = if plays { flags } else { flags.with(Flags::FRESH) };
        // Few have no slots elsewhere that a longer search would find: 300 ms of a first picture.
        let patient = if self.is_small_audience() { 0 } else { EMERGENCY_AFTER };
        let any = (tries > patient || dry) && self.has(Mechanism::ForeignSlots);
        if any { flags.with(Flags::EMERGENCY) } else { flags }
    }

    pub(crate) fn is_small_audience(&self) -> bool {
        self.audience.viewers() <= self.config.small_group * 2
    }

    /// The neighbours to ask, best first.
    fn targets(&mut self, now: Time, id: LaneId, lifeboat: bool) -> Vec<PeerIndex> {
        let Some(lane) = self.lane(id) else { return Vec::new() };
        let newest = self.track(id.track).and_then(|t| t.first_wanted(id.substream));
        let mut scored: Vec<(u32, PeerIndex)> = self
            .peers
            .iter()
            .filter(|(at, peer)| {
                lane.child(*at).is_none()
                    && !self.is_in_doubt(now, *at)
                    && !lane.search.asked_lately(now, *at)
                    && !self.is_banned(now, *at)
                    && !peer.info.origin
            })
            .map(|(at, peer)| (self.score(id, peer, newest, lifeboat), at))
            .collect();
        scored.sort_unstable();
        let count = if lifeboat { LIFEBOATS_ASKED } else { ASKED };
        scored.truncate(count);
        scored.into_iter().map(|(_, at)| at).collect()
    }

    /// Lower is better; milliseconds more or less.
    fn score(&self, id: LaneId, peer: &Peer, newest: Option<u32>, lifeboat: bool) -> u32 {
        let rtt = u32::try_from(peer.link.rtt().as_millis() / 2).unwrap_or(1_000);
        let Some(known) = &peer.known else {
            return rtt + if lifeboat { 4_000 } else { 600 };
        };
        let newer = match (known.newest(id.track, id.substream), newest) {
            (Some(theirs), Some(wanted)) => theirs >= wanted,
            _ => !lifeboat,
        };
        let free = known.is_free(id.track, id.substream);
        let depth = u32::from(known.depth(id.track, id.substream).unwrap_or(8));
        rtt + depth * 60 + if newer { 0 } else { 1_000 } + if free { 0 } else { 200 }
    }

    /// The origin, if it is a neighbour.
    fn root_peer(&self) -> Option<PeerIndex> {
        let unnamed = |info: &PeerInfo| info.origin && (info.hidden || !info.dialable);
        let untold = || self.peers.iter().find(|(_, p)| unnamed(&p.info));
        let named = self.root.and_then(|root| self.peers.find(&root.node));
        named.or_else(|| untold().map(|(at, _)| at))
    }

    /// The origin itself is asked by few viewers always; in a crowd by those near the root, and by
    /// others after many failures. Who would have to dial it for that does so only if it can feed
    /// others in this substream, the sooner the more (findings 2, M2): a handshake costs as much as two
    /// pieces, and when a third of 200 viewers vanished, a hundred dials within a second took the line
    /// that was to save them (simulated).
    fn ask_root(&mut self, now: Time, id: LaneId, tries: u8) {
        let root = self.root_peer();
        if root.is_none() && self.root.is_none() {
            return;
        }
        let Some(lane) = self.lane(id) else { return };
        // Who hides the origin stands right below it.
        let near = (1..=2).contains(&lane.path.len()) || (self.root.is_none() && root.is_some());
        let few = self.is_small_audience();
        let due = few || near || tries >= EMERGENCY_AFTER && tries.is_multiple_of(3);
        let deep = !near && !few && lane.path.len() > 4 && self.dice.below(8) > 0;
        if !due || deep {
            return;
        }
        if !few && root.is_none() && self.has(Mechanism::OriginByChance) {
            let viewers = self.audience.viewers() as usize;
            let fan = usize::from(self.offered_fan(id, false));
            if self.dice.below(viewers) >= ROOT_DIALS * fan {
                return;
            }
        }
        match (root, self.root) {
            (Some(peer), _) => {
                let asked = self.lane(id).is_some_and(|l| {
                    l.search.asked_lately(now, peer) || l.parent_is(peer) && l.is_orphan()
                });
                if !asked {
                    let token = self.dice.token();
                    let boat = if self.may_board(id) { Flags::LIFEBOAT } else { Flags::default() };
                    let flags = self.emergency(id, tries, boat);
                    self.ask(now, id, peer, token, flags, TTL - 1);
                }
            }
            (None, Some(root)) => self.reach(now, root, crate::dial::Purpose::Root),
            (None, None) => {}
        }
    }

    fn ask(&mut self, now: Time, id: LaneId, peer: PeerIndex, token: u64, flags: Flags, ttl: u8) {
        let desperate = flags.has(Flags::EMERGENCY);
        let fan = self.offered_fan(id, desperate);
        // A parent that still serves fills the gap up to where the new one takes over.
        let orphan = self.lane(id).is_none_or(|l| l.is_orphan());
        let track = self.track(id.track).filter(|_| orphan);
        let from = track.and_then(|t| t.first_wanted(id.substream));
        let Some(known) = self.peers.get(peer) else { return };
        let boat = flags.has(Flags::LIFEBOAT);
        let wait = match ttl {
            0 => DIRECT_WAIT,
            _ if boat => LIFEBOAT_WAIT,
            _ => FORWARDED_WAIT,
        };
        let wait = wait + known.link.rtt() * 2;
        let attach = Attach {
            token,
            track: id.track,
            substream: id.substream,
            who: None,
            fan,
            flags,
            ttl,
            from,
            climb: 0,
            seen: vec![self.config.node.short()],
        };
        self.counters.asks += 1;
        if let Some(lane) = self.lane_mut(id) {
            lane.search.note_asked(now, peer);
            lane.search.open.push((token, now + wait));
            if lane.search.tokens.last() != Some(&token) {
                lane.search.remember(token);
            }
        }
        self.send(peer, Message::Attach(attach));
    }

    /// Somebody looks for a parent.
    pub(crate) fn on_attach(&mut self, now: Time, peer: PeerIndex, mut ask: Attach) {
        let Some(observed) = self.peers.contact(peer) else { return };
        ask.ttl = ask.ttl.min(TTL);
        ask.seen.truncate(MAX_SEEN);
        let who = *ask.who.get_or_insert(observed);
        let mine = who.node == self.config.node;
        if mine || !self.routes.add(now, &ask, peer) {
            return self.reject(peer, &ask);
        }
        // Whoever else took it would have to dial it.
        let alone = who.node == observed.node && self.peers.dialable(peer).is_none();
        if ask.climb > 0 {
            return if alone { self.reject(peer, &ask) } else { self.pass_climb(peer, ask) };
        }
        if !self.is_vouched_successor(&ask, peer, who.node == observed.node) {
            ask.flags = Flags(ask.flags.0 & !Flags::SUCCESSOR.0);
        }
        let within_reach = self.config.dials || self.peers.find(&who.node).is_some();
        match self.judge(now, &who.node, peer, &ask) {
            Verdict::No if alone => self.reject(peer, &ask),
            Verdict::No => self.pass_on(now, peer, ask),
            _ if !within_reach => self.pass_on(now, peer, ask),
            verdict => self.grant(now, who, ask, verdict),
        }
    }

    /// Only a child that leaves may vouch for its own child as a successor.
    fn is_vouched_successor(&self, ask: &Attach, from: PeerIndex, direct: bool) -> bool {
        let id = LaneId { track: ask.track, substream: ask.substream };
        let child = self.lane(id).is_some_and(|l| l.child(from).is_some());
        if direct { self.leaving.is_some() } else { child }
    }

    /// Passes a climb to the parent until it has come high enough.
    fn pass_climb(&mut self, from: PeerIndex, mut ask: Attach) {
        let id = LaneId { track: ask.track, substream: ask.substream };
        let parent = self.lane(id).and_then(|l| l.parent.as_ref()).map(|p| p.peer);
        let Some(parent) = parent.filter(|_| ask.climb <= MAX_CLIMB) else {
            return self.reject(from, &ask);
        };
        ask.climb -= 1;
        ask.ttl = 0;
        self.send(parent, Message::Attach(ask));
    }

    /// Forwards a search over an existing link: to a child with slack below it, else the parent,
    /// else a partner.
    fn pass_on(&mut self, now: Time, from: PeerIndex, mut ask: Attach) {
        let id = LaneId { track: ask.track, substream: ask.substream };
        let stays = ask.ttl == 0 || !self.has(Mechanism::PassedSearches);
        let next = if stays { None } else { self.next_hop(now, from, id, &ask) };
        let next = next.or_else(|| self.any_child(from, id, &mut ask));
        let Some(next) = next else { return self.reject(from, &ask) };
        ask.ttl -= 1;
        ask.seen.push(self.config.node.short());
        self.counters.forwarded_searches += 1;
        self.send(next, Message::Attach(ask));
    }

    fn next_hop(
        &mut self,
        now: Time,
        from: PeerIndex,
        id: LaneId,
        ask: &Attach,
    ) -> Option<PeerIndex> {
        let lane = self.lane(id)?;
        let who = ask.who.map(|c| c.node);
        let fresh = |at: PeerIndex| {
            at != from
                && !self.is_in_doubt(now, at)
                && self.peers.get(at).is_some_and(|p| {
                    Some(p.info.node) != who && !ask.seen.contains(&p.info.node.short())
                })
        };
        let guided = self.has(Mechanism::GuidedSearches);
        let slack = |c: &Child| if guided { c.slack } else { 1 };
        let below: Vec<(PeerIndex, u32)> = lane
            .staying()
            .map(|c| (c.peer, slack(c)))
            .filter(|(peer, slack)| *slack > 0 && fresh(*peer))
            .collect();
        let free: Vec<PeerIndex> = self
            .peers
            .partners()
            .filter(|(at, p)| {
                fresh(*at)
                    && !p.info.origin
                    && p.known.as_ref().is_some_and(|k| k.is_free(id.track, id.substream))
            })
            .map(|(at, _)| at)
            .collect();
        let up = lane.parent.as_ref().filter(|p| p.suspect.is_none()).map(|p| p.peer);
        let up = up.filter(|p| {
            fresh(*p)
                && (!self.is_origin(*p)
                    || ask.flags.has(Flags::EMERGENCY)
                    || self.leaving.is_some())
        });
        let others: Vec<PeerIndex> = self
            .peers
            .partners()
            .filter(|(at, p)| fresh(*at) && !p.info.origin)
            .map(|(at, _)| at)
            .collect();
        if self.leaving.is_some() && up.is_some() {
            return up;
        }
        if let Some(child) = self.dice.weighted(&below) {
            // What is sent there may take a slot: the next search sees one less.
            if let Some(c) = self.lane_mut(id).and_then(|l| l.child_mut(child)) {
                c.slack = c.slack.saturating_sub(1);
            }
            return Some(child);
        }
        self.dice.pick(&free).copied().or(up).or_else(|| self.dice.pick(&others).copied())
    }

    /// Of an origin among few: a child that may have slots elsewhere, where no child has any here.
    fn any_child(&mut self, from: PeerIndex, id: LaneId, ask: &mut Attach) -> Option<PeerIndex> {
        if ask.ttl == 0
            || !self.is_root()
            || !self.is_small_audience()
            || !self.has(Mechanism::ForeignSlots)
        {
            return None;
        }
        let who = ask.who.map(|c| c.node);
        let able = |c: &&Child| {
            let node = self.peers.get(c.peer).map(|p| p.info.node);
            let seen = node.is_none_or(|n| ask.seen.contains(&n.short()));
            c.peer != from && !seen && node != who
        };
        let able: Vec<PeerIndex> = self.lane(id)?.staying().filter(able).map(|c| c.peer).collect();
        let next = self.dice.pick(&able).copied()?;
        ask.flags = ask.flags.with(Flags::EMERGENCY);
        Some(next)
    }

    /// Whether a neighbour shows signs of being gone: quiet, or late as a parent anywhere.
    pub(crate) fn is_in_doubt(&self, now: Time, peer: PeerIndex) -> bool {
        let suspect = |l: &crate::lane::Lane| {
            l.parent.as_ref().is_some_and(|p| p.peer == peer && p.suspect.is_some())
        };
        self.is_doubtful(now, peer) || self.tracks.iter().any(|t| t.lanes.iter().any(suspect))
    }

    /// Whether a neighbour has been quiet for longer than those who are there.
    pub(crate) fn is_doubtful(&self, now: Time, peer: PeerIndex) -> bool {
        self.has(Mechanism::Doubts) && self.peers.get(peer).is_some_and(|p| p.is_doubtful(now))
    }

    pub(crate) fn is_origin(&self, peer: PeerIndex) -> bool {
        self.peers.get(peer).is_some_and(|p| p.info.origin)
    }

    /// A search that a greeter begins for a newcomer.
    pub(crate) fn search_for(
        &mut self,
        now: Time,
        newcomer: PeerIndex,
        who: Contact,
        mut ask: Attach,
    ) {
        ask.who = Some(who);
        ask.seen = vec![who.node.short()];
        if self.routes.add(now, &ask, newcomer) {
            self.pass_on(now, newcomer, ask);
        }
    }

    pub(crate) fn reject(&mut self, to: PeerIndex, ask: &Attach) {
        let body = Reject { token: ask.token, track: ask.track, substream: ask.substream };
        self.send(to, Message::Reject(body));
    }

    /// A search has come to nothing: go on, or tell the one who passed it to us.
    pub(crate) fn on_reject(&mut self, now: Time, _peer: PeerIndex, m: &Reject) {
        let id = LaneId { track: m.track, substream: m.substream };
        let known = self.lane(id).is_some_and(|l| l.search.tokens.contains(&m.token));
        if !known {
            if let Some(back) = self.routes.back(m) {
                self.send(back, Message::Reject(m.clone()));
            }
            return;
        }
        let (greeters, token) = self.greeters_asked();
        let Some(lane) = self.lane_mut(id) else { return };
        if m.token == token {
            // Nobody else looks on this node's behalf: no need to wait for them.
            lane.search.refused = lane.search.refused.saturating_add(1);
            if lane.search.refused >= greeters {
                lane.search.after = now;
            }
        }
        if let Some(at) = lane.search.open.iter().position(|(t, _)| *t == m.token) {
            lane.search.open.swap_remove(at);
        }
        if lane.search.open.is_empty() && lane.is_seeking() && now >= lane.search.after {
            self.seek(now, id);
        }
    }
}
